"""A grpcio client that tries a server of protos/probe.proto: `client.py TARGET`. A line a case: its name, a tab, `ok` or what was wrong."""
import sys
import threading
import traceback

import grpc

import probe

TIMEOUT = 60
channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_receive_message_length", -1)])


def method(kind, name, service=probe.SERVICE):
    return getattr(channel, kind)(f"/{service}/{name}", request_serializer=probe.Message.SerializeToString, response_deserializer=probe.Message.FromString)


unary, collect = method("unary_unary", "Unary"), method("stream_unary", "Collect")
expand, chat = method("unary_stream", "Expand"), method("stream_stream", "Chat")


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call did not fail")


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def case_unary():
    equal(unary(probe.Message(text="hällo", payload=b"\0\1"), timeout=TIMEOUT), probe.Message(text="hällo", payload=b"\0\1"))


def case_client_streaming():
    equal(collect((probe.Message(text=str(i)) for i in range(100)), timeout=TIMEOUT), probe.Message(text="99", count=100))


def case_server_streaming():
    equal([response.count for response in expand(probe.Message(text="x", count=100), timeout=TIMEOUT)], list(range(100)))


def case_duplex():
    """Each request waits for the response to the one before."""
    turn = threading.Semaphore(1)

    def requests():
        for i in range(20):
            turn.acquire()
            yield probe.Message(text="x", count=i)

    counts = []
    for response in chat(requests(), timeout=TIMEOUT):
        counts.append(response.count)
        turn.release()
    equal(counts, list(range(20)))


def case_duplex_headers():
    """The headers come before anything was asked."""
    done = threading.Event()

    def requests():
        done.wait(TIMEOUT)
        yield from ()

    call = chat(requests(), timeout=TIMEOUT)
    call.initial_metadata()
    done.set()
    equal(list(call), [])


def case_status():
    for error in (
        failure(lambda: unary(probe.Message(text="fail"), timeout=TIMEOUT)),
        failure(lambda: collect(iter([probe.Message(text="fail")]), timeout=TIMEOUT)),
        failure(lambda: list(expand(probe.Message(text="fail", count=2), timeout=TIMEOUT))),
        failure(lambda: list(chat(iter([probe.Message(text="x"), probe.Message(text="fail")]), timeout=TIMEOUT))),
    ):
        equal(error.code(), grpc.StatusCode.NOT_FOUND)
        equal(error.details(), probe.FAILURE_DETAIL)
        trailers = dict(error.trailing_metadata())
        equal([(key, trailers.get(key)) for key, _ in probe.FAILURE_TRAILERS], list(probe.FAILURE_TRAILERS))


def case_metadata():
    sent = (("ask", "a value"), ("ask-bin", b"\0\xff"))
    _, call = unary.with_call(probe.Message(text="metadata"), metadata=sent, timeout=TIMEOUT)
    headers, trailers = dict(call.initial_metadata()), dict(call.trailing_metadata())
    equal((headers.get("answer"), headers.get("answer-bin")), ("a value", b"\0\xff"))
    equal((trailers.get("after"), trailers.get("after-bin")), ("a value", b"\0\xff"))


def case_deadline():
    error = failure(lambda: unary(probe.Message(text="wait"), timeout=0.3))
    equal(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)


def case_deadline_is_told():
    """Roughly: grpcio rounds up to three digits."""
    remaining = unary(probe.Message(text="time"), timeout=3600).count
    assert 3000 < remaining <= 3660, remaining


def case_cancel():
    call = expand(probe.Message(text="wait", count=1), timeout=TIMEOUT)
    next(call)
    call.cancel()
    equal(failure(lambda: next(call)).code(), grpc.StatusCode.CANCELLED)
    equal(unary(probe.Message(text="was cancelled"), timeout=TIMEOUT).text, "yes")


def case_gzip():
    """The request is compressed, and so is the response: the server was told to."""
    big = probe.Message(text="x", payload=b"\0" * 1_000_000)
    equal(unary(big, timeout=TIMEOUT, compression=grpc.Compression.Gzip), big)


def case_request_too_large():
    error = failure(lambda: unary(probe.Message(payload=b"\0" * (5 * 1024 * 1024)), timeout=TIMEOUT))
    equal(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)


def case_response_too_large():
    error = failure(lambda: unary(probe.Message(text="large", count=9 * 1024 * 1024), timeout=TIMEOUT))
    equal(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)


def case_gzip_bomb():
    bomb = probe.Message(payload=b"\0" * (64 * 1024 * 1024))
    equal(failure(lambda: unary(bomb, timeout=TIMEOUT, compression=grpc.Compression.Gzip)).code(), grpc.StatusCode.RESOURCE_EXHAUSTED)


def case_unknown_method():
    for call in (method("unary_unary", "Missing"), method("unary_unary", "Unary", "no.such.Service")):
        equal(failure(lambda: call(probe.Message(), timeout=TIMEOUT)).code(), grpc.StatusCode.UNIMPLEMENTED)


def case_exception():
    """Its message and stack stay on the server."""
    error = failure(lambda: unary(probe.Message(text="crash"), timeout=TIMEOUT))
    equal(error.code(), grpc.StatusCode.UNKNOWN)
    assert "secret" not in error.details() and "   at " not in error.details(), error.details()


def case_garbage():
    call = channel.unary_unary(f"/{probe.SERVICE}/Unary")
    error = failure(lambda: call(b"\xff" * 100, timeout=TIMEOUT))
    assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN), error.code()
    assert "   at " not in error.details(), error.details()


for name, case in sorted(globals().items()):
    if name.startswith("case_"):
        try:
            case()
            print(f"{name[5:]}\tok", flush=True)
        except Exception:
            print(f"{name[5:]}\t{' | '.join(traceback.format_exc().splitlines())}", flush=True)
