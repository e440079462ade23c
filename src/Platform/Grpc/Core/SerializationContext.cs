using System.Buffers;

namespace Grpc.Core;

/// <summary>Takes one message's bytes: either all of them at once, or through a writer.</summary>
public abstract class SerializationContext
{
    /// <summary>For those who implement one.</summary>
    protected SerializationContext()
    {
    }

    /// <summary>Takes the whole message.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The writer that takes the message's bytes. If the length was set before, they go to the transport without a copy.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Says how many bytes will be written.</summary>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotImplementedException();

    /// <summary>Says that all bytes are written.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
