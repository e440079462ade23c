using System.Buffers;

namespace Grpc.Core;

/// <summary>Gives one message's bytes.</summary>
public abstract class DeserializationContext
{
    /// <summary>For those who implement one.</summary>
    protected DeserializationContext()
    {
    }

    /// <summary>The message's size in bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>The bytes in an array of the caller's own.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotImplementedException();

    /// <summary>The bytes where they lie; they are gone when the deserializer returns.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotImplementedException();
}
