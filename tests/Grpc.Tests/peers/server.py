"""A grpcio server with the methods of protos/probe.proto. Prints its port; ends when its input does."""
import sys
import threading
from concurrent import futures

import grpc

import probe

cancelled = threading.Event()


def answer(request, context):
    if request.text == "fail":
        context.set_trailing_metadata(probe.FAILURE_TRAILERS)
        context.abort(grpc.StatusCode.NOT_FOUND, probe.FAILURE_DETAIL)
    if request.text == "wait":
        ended = threading.Event()
        if not context.add_callback(lambda: (ended.set(), cancelled.set())):
            cancelled.set()  # it was cancelled before
            ended.set()
        ended.wait(60)
    if request.text == "was cancelled":
        return probe.Message(text="yes" if cancelled.wait(60) else "no")
    if request.text == "metadata":
        asked = dict(context.invocation_metadata())
        context.send_initial_metadata((("answer", asked["ask"]), ("answer-bin", asked["ask-bin"])))
        context.set_trailing_metadata((("after", asked["ask"]), ("after-bin", asked["ask-bin"])))
    if request.text == "time":
        remaining = context.time_remaining()
        # Without a deadline it is None or ages, as the version has it.
        return probe.Message(count=-1 if remaining is None or remaining > 1e9 else int(remaining))
    if request.text == "large":
        return probe.Message(payload=b"\0" * request.count)
    return request


def unary(request, context):
    return answer(request, context)


def collect(requests, context):
    last, count = probe.Message(), 0
    for request in requests:
        last, count = request, count + 1
        if request.text == "fail":
            answer(request, context)
    return probe.Message(text=last.text, count=count)


def expand(request, context):
    for i in range(request.count):
        yield probe.Message(text=request.text, count=i)
    if request.text in ("fail", "wait"):
        answer(request, context)


def chat(requests, context):
    for request in requests:
        yield answer(request, context)


def main():
    codec = dict(request_deserializer=probe.Message.FromString, response_serializer=lambda message: message.SerializeToString())
    handlers = grpc.method_handlers_generic_handler(probe.SERVICE, {
        "Unary": grpc.unary_unary_rpc_method_handler(unary, **codec),
        "Collect": grpc.stream_unary_rpc_method_handler(collect, **codec),
        "Expand": grpc.unary_stream_rpc_method_handler(expand, **codec),
        "Chat": grpc.stream_stream_rpc_method_handler(chat, **codec),
    })
    server = grpc.server(futures.ThreadPoolExecutor(16), compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers((handlers,))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(0)


main()
