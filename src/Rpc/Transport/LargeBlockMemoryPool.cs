using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Atelier.Rpc.Transport;

/// <summary>
/// Memory for Kestrel in blocks of 128 KiB. It asks the system for no more than a block at a time, and its own have 4 KiB, which
/// costs a system call for each 4 KiB of a tensor. For servers of few connections that carry much.
/// </summary>
internal sealed class LargeBlockMemoryPool : MemoryPool<byte>
{
    private const int BlockBytes = 1 << 17;

    // What more were in use at once goes back to the collector.
    private const int MostKept = 128;

    private readonly ConcurrentQueue<Block> _free = new();

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockBytes;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        return _free.TryDequeue(out var block) ? block : new Block(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _free.Clear();

    /// <summary>Gives every part of a server a pool of its own.</summary>
    internal sealed class Factory : IMemoryPoolFactory<byte>
    {
        /// <inheritdoc/>
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new LargeBlockMemoryPool();
    }

    // Pinned for good: the system writes into it.
    private sealed class Block(LargeBlockMemoryPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = Pinned(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));

        public void Dispose()
        {
            if (pool._free.Count < MostKept)
                pool._free.Enqueue(this);
        }

        private static Memory<byte> Pinned(byte[] array) => MemoryMarshal.CreateFromPinnedArray(array, 0, array.Length);
    }
}
