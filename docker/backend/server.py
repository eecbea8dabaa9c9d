# SPDX-License-Identifier: Apache-2.0
"""The library service, once more and in Python: a gRPC server that knows
nothing of Sluice, for docker/compose.yaml.

    server.py DESCRIPTOR-SET [PORT]

No generated code: the message classes come from the descriptor set when the
server starts. The library lives in memory and is empty at first.
"""

import signal
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "sluice.example.library.v1.Library"
DEFAULT_PORT = 50051
PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
PAGE_CHARS = 200
MAX_PAGE_CHARS = 65536


def load_schema(path):
    """The service's descriptor, and a function from a message's to its class.
    """
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as source:
        files.ParseFromString(source.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    if hasattr(message_factory, "GetMessageClass"):
        class_of = message_factory.GetMessageClass
    else:
        class_of = message_factory.MessageFactory(pool).GetPrototype
    return pool.FindServiceByName(SERVICE), class_of


class Refused(Exception):
    """What becomes the RPC's status."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Library:
    """One method for each RPC, named after it; `make` gives its response."""

    def __init__(self):
        self.lock = threading.Lock()
        self.shelves = {}
        self.books = {}
        self.given = 0

    def _new_name(self, parent, wanted, taken):
        if not wanted:
            self.given += 1
            wanted = str(self.given)
        name = f"{parent}/{wanted}"
        if "/" in wanted:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT,
                          f"{wanted} is no id")
        if name in taken:
            raise Refused(grpc.StatusCode.ALREADY_EXISTS,
                          f"{name} is there already")
        return name

    @staticmethod
    def _find(things, name):
        if name not in things:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"{name} does not exist")
        return things[name]

    def _shelf_of(self, name):
        return self._find(self.shelves, name.rpartition("/books/")[0])

    @staticmethod
    def _page(things, request):
        """The page a request asks for, and the token of the next."""
        try:
            first = int(request.page_token or 0)
        except ValueError:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT,
                          "page_token is not one of ours") from None
        size = request.page_size or PAGE_SIZE
        end = first + max(1, min(size, MAX_PAGE_SIZE))
        return things[first:end], str(end) if end < len(things) else ""

    def CreateShelf(self, request, make):
        with self.lock:
            shelf = make()
            shelf.CopyFrom(request.shelf)
            shelf.name = self._new_name("shelves", request.shelf_id,
                                        self.shelves)
            shelf.book_count = 0
            self.shelves[shelf.name] = shelf
            return shelf

    def GetShelf(self, request, _make):
        with self.lock:
            return self._find(self.shelves, request.name)

    def ListShelves(self, request, make):
        with self.lock:
            shelves = [s for _, s in sorted(self.shelves.items())]
        page, token = self._page(shelves, request)
        return make(shelves=page, next_page_token=token)

    def _add(self, request, make):
        with self.lock:
            shelf = self._find(self.shelves, request.parent)
            book = make()
            book.CopyFrom(request.book)
            book.name = self._new_name(f"{shelf.name}/books",
                                       request.book_id, self.books)
            book.create_time.GetCurrentTime()
            self.books[book.name] = book
            shelf.book_count += 1
            return book

    def CreateBook(self, request, make):
        return self._add(request, make)

    def GetBook(self, request, _make):
        with self.lock:
            return self._find(self.books, request.name)

    def ListBooks(self, request, make):
        with self.lock:
            books = [b for _, b in sorted(self.books.items())]
        books = [
            b for b in books
            if (request.parent == "shelves/-" or
                b.name.startswith(f"{request.parent}/books/")) and
            request.author in ("", b.author) and
            request.genre in (0, b.genre) and
            set(request.tags) <= set(b.tags)]
        orders = [lambda b: b.name, lambda b: b.title,
                  lambda b: b.author, lambda b: b.year]
        if request.order < len(orders):
            books.sort(key=orders[request.order])
        page, token = self._page(books, request)
        return make(books=page, next_page_token=token)

    def UpdateBook(self, request, make):
        with self.lock:
            book = self._find(self.books, request.book.name)
            told = (book.name, book.create_time.ToNanoseconds())
            paths = list(request.update_mask.paths)
            if paths == ["*"]:
                book.CopyFrom(request.book)
            else:
                source = make()
                source.CopyFrom(request.book)
                mask = request.update_mask
                if not paths:
                    mask.paths.extend(f.name for f, _ in source.ListFields())
                try:
                    mask.MergeMessage(source, book, True, True)
                except ValueError as error:
                    raise Refused(grpc.StatusCode.INVALID_ARGUMENT,
                                  str(error)) from None
            book.name = told[0]
            book.create_time.FromNanoseconds(told[1])
            return book

    def DeleteBook(self, request, make):
        with self.lock:
            self._find(self.books, request.name)
            self._shelf_of(request.name).book_count -= 1
            del self.books[request.name]
            return make()

    def MoveBook(self, request, _make):
        with self.lock:
            book = self._find(self.books, request.name)
            to = self._find(self.shelves, request.to_shelf)
            name = self._new_name(f"{to.name}/books",
                                  request.name.rpartition("/")[2], self.books)
            self._shelf_of(request.name).book_count -= 1
            to.book_count += 1
            del self.books[request.name]
            book.name = name
            self.books[name] = book
            return book

    def ReadBook(self, request, make):
        with self.lock:
            book = self._find(self.books, request.name)
            text = f"{book.title}, by {book.author}. "
            pages = book.pages or 1
        size = min(request.page_chars or PAGE_CHARS, MAX_PAGE_CHARS)
        first = request.first_page or 1
        count = request.page_count or pages
        for number in range(first, min(first + count, pages + 1)):
            if number > first:
                time.sleep(request.pause.ToNanoseconds() / 1e9)
            filled = (text * (size // len(text) + 1))[:size]
            yield make(number=number, text=filled)

    def AddBooks(self, requests, make):
        summary = make()
        book_class = None
        for request in requests:
            book_class = book_class or type(request.book)
            book = self._add(request, book_class)
            summary.added += 1
            summary.pages += book.pages
        return summary

    def Discuss(self, remarks, make):
        for number, remark in enumerate(remarks, 1):
            yield make(name=remark.name, author="the librarian",
                       text=f"You say: {remark.text}", number=number)


def handler_of(library, method, class_of):
    """grpc's handler of one method of the service."""
    work = getattr(library, method.name)
    make = class_of(method.output_type)

    def one(request, context):
        try:
            return work(request, make)
        except Refused as refused:
            context.abort(refused.code, str(refused))

    def many(request, context):
        try:
            yield from work(request, make)
        except Refused as refused:
            context.abort(refused.code, str(refused))

    shape = (("stream" if method.client_streaming else "unary") + "_" +
             ("stream" if method.server_streaming else "unary"))
    handler = getattr(grpc, f"{shape}_rpc_method_handler")
    return handler(many if method.server_streaming else one,
                   request_deserializer=class_of(
                       method.input_type).FromString,
                   response_serializer=make.SerializeToString)


def serve(path, port):
    service, class_of = load_schema(path)
    library = Library()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        SERVICE, {m.name: handler_of(library, m, class_of)
                  for m in service.methods}),))
    if server.add_insecure_port(f"[::]:{port}") != port:
        sys.exit(f"server.py: port {port} is taken")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    stop.wait()
    server.stop(grace=5).wait()


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: server.py DESCRIPTOR-SET [PORT]")
    port = int(sys.argv[2]) if len(sys.argv) == 3 else DEFAULT_PORT
    serve(sys.argv[1], port)


if __name__ == "__main__":
    main()
