using System.IO.Pipelines;
using Atelier.Rpc.Transport;

namespace Atelier.Rpc.Tests.Transport;

public sealed class GatheredWritesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteAsync_ManySmallOnes_ComeWholeInOrderAndInFewerWrites()
    {
        var connection = new Connection();
        await using var gathered = new GatheredWrites(connection);
        byte[] sent = [.. Enumerable.Range(0, 5000).Select(value => (byte)value)];
        for (int start = 0; start < sent.Length; start += 100)
            await gathered.WriteAsync(sent.AsMemory(start, 100), Token);
        connection.Take();

        Assert.Equal(sent, (await connection.AllAsync(sent.Length)).ToArray());
        Assert.True(connection.Writes < 50, $"{connection.Writes} writes");
    }

    [Fact]
    public async Task WriteAsync_ToAConnectionThatTakesNothing_WaitsAndEndsWithIt()
    {
        var connection = new Connection();
        var gathered = new GatheredWrites(connection);
        var writing = WriteOnAsync(gathered);

        await connection.Blocked;
        await gathered.DisposeAsync();

        await Assert.ThrowsAsync<IOException>(() => writing);
    }

    [Fact]
    public async Task WriteAsync_AfterTheConnectionBroke_FailsWithWhatItSaid()
    {
        var connection = new Connection();
        await using var gathered = new GatheredWrites(connection);
        connection.Break(new IOException("reset by peer"));

        Assert.Contains("reset by peer", (await Assert.ThrowsAsync<IOException>(() => WriteOnAsync(gathered))).ToString(), StringComparison.Ordinal);
    }

    private static async Task WriteOnAsync(GatheredWrites gathered)
    {
        var block = new byte[1 << 16];
        while (true)
            await gathered.WriteAsync(block, Token);
    }

    /// <summary>Has writes wait until it may take them, or breaks.</summary>
    private sealed class Connection : Stream
    {
        private readonly Pipe _taken = new(new PipeOptions(pauseWriterThreshold: 0));
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _may = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Writes { get; private set; }

        public Task Blocked => _blocked.Task;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public void Take() => _may.TrySetResult();

        public void Break(Exception failure) => _may.TrySetException(failure);

        public async Task<ReadOnlyMemory<byte>> AllAsync(int bytes)
        {
            var read = await _taken.Reader.ReadAtLeastAsync(bytes, Token);
            return System.Buffers.BuffersExtensions.ToArray(read.Buffer);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            _blocked.TrySetResult();
            await _may.Task;
            await _taken.Writer.WriteAsync(buffer, cancellationToken);
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _may.TrySetException(new ObjectDisposedException(nameof(Connection)));
            base.Dispose(disposing);
        }
    }
}
