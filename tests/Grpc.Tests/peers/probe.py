"""The messages and paths of protos/probe.proto, described by hand: the peers need no generated code."""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "atelier.tests.v1.Probe"


def _message_class():
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="probe.proto", package="atelier.tests.v1", syntax="proto3")
    message = file.message_type.add(name="ProbeMessage")
    for number, (name, kind) in enumerate([("text", field.TYPE_STRING), ("count", field.TYPE_INT32), ("payload", field.TYPE_BYTES)], 1):
        message.field.add(name=name, number=number, type=kind, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("atelier.tests.v1.ProbeMessage"))


Message = _message_class()

# What a failing call says: the message needs percent-encoding, the trailers base64.
FAILURE_DETAIL = "Käse 🧀 100%\nline two"
FAILURE_TRAILERS = (("reason", "because"), ("reason-bin", b"\x00\x01\xfe\xff"))
