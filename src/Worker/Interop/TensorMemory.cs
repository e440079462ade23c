using System.Buffers;
using System.Runtime.InteropServices;

namespace Atelier.Worker.Interop;

/// <summary>
/// A host tensor's elements as memory that can be kept: a tensor gives spans only, at several native calls each. The caller
/// keeps the tensor alive for as long.
/// </summary>
internal sealed unsafe class TensorMemory : MemoryManager<byte>
{
    private readonly byte* _pointer;
    private readonly int _length;

    /// <summary>The memory of a contiguous tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not contiguous, or on a GPU.</exception>
    /// <exception cref="ArgumentException">It has more than <see cref="int.MaxValue"/> bytes.</exception>
    public TensorMemory(Tensor tensor)
    {
        var bytes = tensor.bytes;
        _length = bytes.Length;
        // Native memory does not move, so the pointer outlives the statement.
        fixed (byte* pointer = &MemoryMarshal.GetReference(bytes))
            _pointer = pointer;
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_pointer, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_pointer + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
