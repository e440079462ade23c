"""A grpcio client that uses atelier.v1.Runs: `runs.py TARGET DESCRIPTOR DATA FOLDER [AUTHORITY TOKEN]`. DESCRIPTOR is the compiled
runs.proto. A line a case: its name, a tab, `ok` or what was wrong. Cases run in the order in which they are written."""
import os
import sys
import traceback

import grpc
from google.protobuf import descriptor_pool, message_factory

TIMEOUT = 120
target, descriptor, data, folder = sys.argv[1:5]
authority, token, own_key, own_certificate = sys.argv[5:9] if len(sys.argv) > 5 else (None, None, None, None)
# A few iterations of a network of a few channels.
SPEC = ["channel-base=128", "channel-max=8", "z-dim=16", "w-dim=16", "mapping-layers=2", "batch=8", "shard=2", "mbstd-group=2", "tick-kimg=0.016",
        "snapshot-kimg=0.032", "kimg=0.064"]

pool = descriptor_pool.DescriptorPool()
with open(descriptor, "rb") as file:
    pool.AddSerializedFile(file.read())


def message(name):
    found = pool.FindMessageTypeByName(f"atelier.v1.{name}")
    return message_factory.GetMessageClass(found) if hasattr(message_factory, "GetMessageClass") else message_factory.MessageFactory(pool).GetPrototype(found)


def open_channel():
    if authority is None:
        return grpc.insecure_channel(target)
    with open(authority, "rb") as root, open(own_key, "rb") as key, open(own_certificate, "rb") as certificate:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(root.read(), key.read(), certificate.read()))


def method(channel, name, request, response, kind="unary_unary"):
    call = getattr(channel, kind)(f"/atelier.v1.Runs/{name}", request_serializer=message(request).SerializeToString, response_deserializer=message(response).FromString)
    return lambda given, credentials=token: call(
        given, timeout=TIMEOUT, metadata=() if credentials is None else (("authorization", f"Bearer {credentials}"),))


channel = open_channel()
submit = method(channel, "Submit", "SubmitRequest", "Run")
ls = method(channel, "List", "ListRequest", "ListResponse")
get = method(channel, "Get", "GetRequest", "Run")
watch = method(channel, "Watch", "WatchRequest", "WatchUpdate", "unary_stream")


def request(run, *assignments, store=None, data_path=data, recipe="config-f"):
    return message("SubmitRequest")(
        run=run, recipe=recipe, assignments=SPEC + list(assignments), data_path=data_path, run_store=os.path.join(folder, store or run))


def refused(call, code, *parts):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} with {error.details()!r}"
        for part in parts:
            assert part in error.details(), f"{part!r} is not in {error.details()!r}"
        assert "Exception" not in error.details() and "   at " not in error.details(), error.details()
        return
    raise AssertionError("the call did not fail")


INVALID = grpc.StatusCode.INVALID_ARGUMENT


def case_unknown_key():
    refused(lambda: submit(request("faces", "bacth=8")), INVALID, "bacth", "`batch`")


def case_wrong_type():
    refused(lambda: submit(request("faces", "lr=fast")), INVALID, "lr", "fast")


def case_value_out_of_range():
    refused(lambda: submit(request("faces", "batch=-8")), INVALID, "batch", "-8")


def case_no_assignment():
    refused(lambda: submit(request("faces", "batch")), INVALID, "batch", "key=value")


def case_upper_case_name():
    refused(lambda: submit(request("Faces")), INVALID, "Faces", "lower-case")


def case_unknown_recipe():
    refused(lambda: submit(request("faces", recipe="config-z")), INVALID, "config-z", "config-f")


def case_recipe_that_is_no_json():
    refused(lambda: submit(request("faces", recipe="{ broken")), INVALID, "recipe")


def case_data_that_is_not_there():
    refused(lambda: submit(request("faces", data_path="/no/such/images")), INVALID, "/no/such/images")


def case_data_that_is_not_named():
    refused(lambda: submit(request("faces", data_path="")), INVALID, "data_path")


def case_nothing_happened_yet():
    runs = ls(message("ListRequest")(include_ended=True)).runs
    assert len(runs) == 0, runs


def case_submit():
    run = submit(request("faces"))
    assert run.run == "faces" and run.target_iteration == 8 or run.status == 1, run
    assert '"batch":8' in run.spec_json.replace(" ", ""), run.spec_json


def case_name_that_is_taken():
    refused(lambda: submit(request("faces", store="elsewhere")), grpc.StatusCode.ALREADY_EXISTS, "faces")


def case_store_that_is_taken():
    refused(lambda: submit(request("others", store="faces")), INVALID, "faces", "run folder")


def case_watch():
    """To the run's end: events in order, and last the run as it ended."""
    updates = list(watch(message("WatchRequest")(run="faces")))
    numbers = [update.event.number for update in updates if update.HasField("event")]
    assert len(numbers) > 0 and numbers == sorted(set(numbers)), numbers
    last = updates[-1].run
    assert (last.status, last.iteration, last.images, last.snapshot_images) == (6, 8, 64, 64), last


def case_watch_from_an_event_on():
    after = max(update.event.number for update in watch(message("WatchRequest")(run="faces")))
    updates = list(watch(message("WatchRequest")(run="faces", after_event=after)))
    assert [update.WhichOneof("update") for update in updates] == ["run"], updates


def case_list_and_get():
    assert len(ls(message("ListRequest")()).runs) == 0
    listed = ls(message("ListRequest")(include_ended=True)).runs
    assert [run.run for run in listed] == ["faces"], listed
    assert get(message("GetRequest")(run="faces")) == listed[0]


def case_unknown_run():
    refused(lambda: get(message("GetRequest")(run="nobody")), grpc.StatusCode.NOT_FOUND, "nobody")
    refused(lambda: list(watch(message("WatchRequest")(run="nobody"))), grpc.StatusCode.NOT_FOUND, "nobody")


def case_wrong_token():
    if token is None:
        return
    for wrong in (None, "wrong-0123456789abcdef0123"):
        refused(lambda: ls(message("ListRequest")(), wrong), grpc.StatusCode.UNAUTHENTICATED, "token")
        refused(lambda: list(watch(message("WatchRequest")(run="faces"), wrong)), grpc.StatusCode.UNAUTHENTICATED, "token")


def case_in_the_clear():
    if authority is None:
        return
    clear = method(grpc.insecure_channel(target), "List", "ListRequest", "ListResponse")
    refused(lambda: clear(message("ListRequest")()), grpc.StatusCode.UNAVAILABLE)


for name, case in list(globals().items()):
    if name.startswith("case_"):
        try:
            case()
            print(f"{name[5:]}\tok", flush=True)
        except Exception:
            print(f"{name[5:]}\t{' | '.join(traceback.format_exc().splitlines())}", flush=True)
