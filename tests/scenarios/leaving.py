# SPDX-License-Identifier: Apache-2.0
"""The moments at which a client can leave, for every form: each brings a call
there and gives it with the client's connection."""

from forms import DOWNLOADS, UNARY, UPLOADS
from slow import BIG, fill, settle

def before_the_answer(case, name):
    wire = case.wire().send(UNARY[name])
    return wire, case.backend.next_call()


def before_the_head(case, form):
    stream = form.open(case)
    return stream.wire, case.backend.next_call()


def before_the_first_message(case, form):
    stream = form.open(case)
    call = case.backend.next_call().head()
    stream.begin()
    return stream.wire, call


def between_messages(case, form):
    stream = form.open(case)
    call = case.backend.next_call()
    call.message(form.payload("one "))
    stream.begin().piece()
    return stream.wire, call


def amid_more_than_it_reads(case, form):
    stream = form.open(case, buffer=65536)
    call = case.backend.next_call()
    call.pour(form.payload(BIG), 1 << 20)
    stream.begin()
    settle(case, call)
    return stream.wire, call


def before_the_first_request(case, form):
    wire = form.open(case)
    return wire, case.backend.next_call()


def between_requests(case, form):
    wire = form.open(case)
    wire.send(form.message("one"))
    call = case.backend.next_call()
    call.wait_received(1)
    return wire, call


def with_a_request(case, form):
    """Its last bytes and its end come as one."""
    wire, call = between_requests(case, form)
    case.let_it_turn()
    return Last(wire, form.message("two")), call


class Last:
    """A connection that says something more when it is left."""

    def __init__(self, wire, data):
        self.wire = wire
        self.data = data

    def close(self):
        self.wire.send(self.data).close()

    def abort(self):
        self.wire.send(self.data).abort()


def while_held(case, form):
    """The backend takes nothing, so the client is held. What its system knows
    of its leaving then is only a reset."""
    case.backend.is_reading = False
    wire = form.open(case)
    wire.send(form.message("one"))
    call = case.backend.next_call()
    fill(case, wire, form)
    case.backend.is_reading = True
    return wire, call


def before_the_answer_of_an_upload(case, form):
    wire = form.open(case)
    wire.send(form.message("one") + form.end())
    call = case.backend.next_call()
    call.wait_whole()
    return wire, call


BOTH = ("close", "abort")

# When, in which forms, how.
MOMENTS = [
    (before_the_answer, list(UNARY), BOTH),
    (before_the_head, DOWNLOADS, BOTH),
    (before_the_first_message, [f for f in DOWNLOADS if f.has_head], BOTH),
    (between_messages, DOWNLOADS, BOTH),
    (amid_more_than_it_reads, DOWNLOADS, BOTH),
    (before_the_first_request, UPLOADS, BOTH),
    (between_requests, UPLOADS, BOTH),
    (with_a_request, UPLOADS, BOTH),
    (while_held, UPLOADS, ("abort",)),
    (before_the_answer_of_an_upload, UPLOADS, BOTH),
]
