// SPDX-License-Identifier: Apache-2.0
// The methods of the built-in library (examples/library/library.proto): their
// HTTP rules, and a request of each to begin with.
//
// path and message make up the request together; a method that takes a stream
// has messages instead. tries are other requests that are worth a look; add
// makes one more message of a stream out of a line of text.

export const SERVICE = "sluice.example.library.v1.Library";

export const KINDS = {
  unary: "One request, one answer",
  server: "A stream of answers",
  client: "A stream of requests",
  bidi: "Streams both ways",
};

const NOVEL = "shelves/classics/books/moby-dick";
const MISSING = { label: "a book that is not there", path: { name: "shelves/classics/books/none" } };

export const methods = [
  {
    name: "ListShelves", kind: "unary", takes: "ListShelvesRequest", gives: "ListShelvesResponse", safe: true,
    verb: "GET", route: "/v1/shelves", about: "All shelves, page by page.",
    message: { pageSize: 10 },
    tries: [{ label: "a wrong type", message: { pageSize: "ten" } }],
  }, {
    name: "GetShelf", kind: "unary", takes: "GetShelfRequest", gives: "Shelf", safe: true,
    verb: "GET", route: "/v1/{name=shelves/*}", about: "One shelf.",
    path: { name: "shelves/classics" },
    tries: [{ label: "a shelf that is not there", path: { name: "shelves/none" } }],
  }, {
    name: "CreateShelf", kind: "unary", takes: "CreateShelfRequest", gives: "Shelf",
    verb: "POST", route: "/v1/shelves", body: "shelf", about: "Puts up an empty shelf.",
    message: { shelf: { theme: "Poetry" } },
    tries: [{ label: "a name that is taken", message: { shelf: { theme: "Poetry" }, shelfId: "classics" } }],
  }, {
    name: "ListBooks", kind: "unary", takes: "ListBooksRequest", gives: "ListBooksResponse", safe: true,
    verb: "GET", route: "/v1/{parent=shelves/*}/books", about: "The books of one shelf, or of all of them: shelves/-",
    path: { parent: "shelves/-" }, message: { pageSize: 4, order: "BY_YEAR" },
    tries: [{ label: "by tag", message: { tags: ["sea"] } }, { label: "an unknown field", message: { pagesize: 4 } }],
  }, {
    name: "GetBook", kind: "unary", takes: "GetBookRequest", gives: "Book", safe: true,
    verb: "GET", route: "/v1/{name=shelves/*/books/*}", about: "One book.",
    path: { name: NOVEL }, tries: [MISSING],
  }, {
    name: "CreateBook", kind: "unary", takes: "CreateBookRequest", gives: "Book",
    verb: "POST", route: "/v1/{parent=shelves/*}/books", body: "book", about: "Adds a book to a shelf.",
    path: { parent: "shelves/science-fiction" },
    message: { book: { title: "Eden", author: "Stanisław Lem", year: 1959, genre: "SCIENCE_FICTION" } },
    tries: [{ label: "a wrong type", message: { book: { title: "Eden", year: "soon" } } },
      { label: "without a title", message: { book: { year: 1959 } } }],
  }, {
    name: "UpdateBook", kind: "unary", takes: "UpdateBookRequest", gives: "Book",
    verb: "PATCH", route: "/v1/{book.name=shelves/*/books/*}", body: "book", about: "Changes the fields that are given.",
    path: { "book.name": NOVEL }, message: { book: { tags: ["sea", "whale"] } },
    tries: [{ label: "with a mask", message: { book: { pages: 720, year: 1 }, updateMask: "pages" } }],
  }, {
    name: "DeleteBook", kind: "unary", takes: "DeleteBookRequest", gives: "google.protobuf.Empty",
    verb: "DELETE", route: "/v1/{name=shelves/*/books/*}", about: "Takes a book away. The second time it is gone.",
    path: { name: "shelves/classics/books/don-quixote" },
  }, {
    name: "MoveBook", kind: "unary", takes: "MoveBookRequest", gives: "Book",
    verb: "POST", route: "/v1/{name=shelves/*/books/*}:move", body: "*", about: "Takes a book to another shelf.",
    path: { name: "shelves/science-fiction/books/dune" }, message: { toShelf: "shelves/classics" },
    tries: [{ ...MISSING, message: { toShelf: "shelves/computing" } }],
  }, {
    name: "ReadBook", kind: "server", takes: "ReadBookRequest", gives: "Page", safe: true,
    verb: "GET", route: "/v1/{name=shelves/*/books/*}:read",
    about: "Page after page, as fast as you read, or with a pause between two.",
    path: { name: NOVEL }, message: { pageCount: 40, pageChars: 15, pause: "0.1s" },
    tries: [{ label: "as fast as it goes", message: { pageChars: 15 } },
      { label: "too late for its deadline", message: { pageChars: 15, pause: "0.2s" }, deadline: "1" }, MISSING],
  }, {
    name: "AddBooks", kind: "client", takes: "CreateBookRequest", gives: "AddBooksSummary",
    verb: "POST", route: "/v1/books:add", body: "*", about: "A delivery of books. It stops at the first that cannot be taken in.",
    messages: [
      { parent: "shelves/computing", book: { title: "The Practice of Programming", pages: 267 } },
      { parent: "shelves/computing", book: { title: "Programming Pearls", pages: 239 } },
      { parent: "shelves/classics", book: { title: "Middlemarch", pages: 880 } },
    ],
    tries: [{ label: "one without a title", messages: [
      { parent: "shelves/classics", book: { title: "Emma", pages: 474 } },
      { parent: "shelves/classics", book: { pages: 1 } }] }],
    add: { label: "The title of one more book", make: (title) => ({ parent: "shelves/classics", book: { title } }) },
  }, {
    name: "Discuss", kind: "bidi", takes: "Remark", gives: "Remark",
    verb: "POST", route: "/v1/books:discuss", body: "*",
    about: "The librarian answers each remark; over a WebSocket, while you are still talking.",
    messages: [
      { name: NOVEL, author: "Ishmael", text: "It is about a whale." },
      { name: NOVEL, author: "Ahab", text: "It is about that whale." },
    ],
    tries: [{ label: "about no book", messages: [
      { name: NOVEL, author: "Ishmael", text: "It is about a whale." },
      { name: "shelves/classics/books/none", text: "And this?" }] }],
    add: { label: "Say something about Moby-Dick", make: (text) => ({ name: NOVEL, author: "You", text }) },
  },
];
