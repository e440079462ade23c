using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Puts messages into a body, one at a time; the caller flushes.</summary>
/// <param name="pipe">The body.</param>
/// <param name="level">How hard messages are compressed with gzip; null for not at all.</param>
/// <param name="maxBytes">The largest message; null for any.</param>
internal sealed class MessageWriter(PipeWriter pipe, CompressionLevel? level, int? maxBytes)
{
    /// <summary>Serialises a message into the body's buffers; without a copy if it says its length first and is not compressed.</summary>
    /// <exception cref="RpcException">It is too large.</exception>
    public void Write<T>(T message, Action<T, SerializationContext> serialize, WriteOptions? options)
    {
        var isCompressed = level is not null && options?.Flags.HasFlag(WriteFlags.NoCompress) != true;
        var context = new Payload(this, isCompressed);
        serialize(message, context);
        context.End();
    }

    private void WriteHeader(int length, bool isCompressed)
    {
        var header = pipe.GetSpan(MessageReader.HeaderBytes);
        header[0] = isCompressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], length);
        pipe.Advance(MessageReader.HeaderBytes);
    }

    private void Check(int length)
    {
        if (length > maxBytes)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"Sending message exceeds the maximum configured message size: {length} bytes, at most {maxBytes}."));
    }

    private sealed class Payload(MessageWriter writer, bool isCompressed) : SerializationContext, IBufferWriter<byte>
    {
        private ArrayBufferWriter<byte>? _buffer;
        private int? _length;
        private int _written;
        private bool _isDirect;
        private bool _isComplete;

        public override void SetPayloadLength(int payloadLength)
        {
            writer.Check(payloadLength);
            _length = payloadLength;
        }

        public override IBufferWriter<byte> GetBufferWriter()
        {
            if (_isDirect || _buffer is not null) return this;
            if (_length is { } length && !isCompressed)
            {
                _isDirect = true;
                writer.WriteHeader(length, isCompressed: false);
            }
            else
            {
                _buffer = new ArrayBufferWriter<byte>(_length is > 0 ? _length.Value : 256);
            }
            return this;
        }

        public override void Complete(byte[] payload)
        {
            if (_isDirect || _buffer is not null) throw new InvalidOperationException("the message was begun with a buffer writer");
            WriteWhole(payload);
            _isComplete = true;
        }

        public override void Complete()
        {
            if (_isDirect)
            {
                if (_written != _length) throw new InvalidOperationException($"the message was to have {_length} bytes, but {_written} were written");
            }
            else
            {
                WriteWhole(_buffer is null ? [] : _buffer.WrittenSpan);
            }
            _isComplete = true;
        }

        public void End()
        {
            if (!_isComplete) throw new InvalidOperationException("the serializer did not complete the message");
        }

        public void Advance(int count)
        {
            if (_isDirect)
            {
                writer.Pipe.Advance(count);
                _written += count;
            }
            else
            {
                _buffer!.Advance(count);
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _isDirect ? writer.Pipe.GetMemory(sizeHint) : _buffer!.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _isDirect ? writer.Pipe.GetSpan(sizeHint) : _buffer!.GetSpan(sizeHint);

        private void WriteWhole(ReadOnlySpan<byte> payload)
        {
            writer.Check(payload.Length);
            if (isCompressed) payload = MessageEncoding.Compress(payload, writer.Level).Span;
            writer.WriteHeader(payload.Length, isCompressed);
            writer.Pipe.Write(payload);
        }
    }

    private PipeWriter Pipe => pipe;

    private CompressionLevel Level => level!.Value;
}
