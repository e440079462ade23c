using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Training.Data;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Session;

/// <summary>What identifies a run as this worker prepares it: a change of any of it needs another <see cref="RunContext"/>.</summary>
internal sealed record RunIdentity(string Run, string SpecJson, uint Branch, string DataPath, string RunStore, string InitPath)
{
    public static RunIdentity Of(Prepare order) => new(order.Run, order.SpecJson, order.Branch, order.DataPath, order.RunStore, order.InitPath);

    public static RunIdentity Of(Warm order) => new(order.Run, order.SpecJson, order.Branch, order.DataPath, order.RunStore, order.InitPath);

    /// <exception cref="UserErrorException">It is no spec of this version.</exception>
    public RunSpec Spec() => RunSpecJson.Read(SpecJson, $"the spec of {Run}");
}

/// <summary>How far a step of preparing has come.</summary>
/// <param name="Total">What the progress comes to at its end; 0 where it is not known.</param>
/// <param name="Progress">Rises while the step moves: images or bytes.</param>
internal sealed record PreparationStatus(PrepareStep Step, long Total, long Progress);

/// <summary>
/// Where preparing a run stands, for the coordinator, which gives up a worker whose step does not move. Written by whoever does
/// the step, from any thread; read by the session.
/// </summary>
internal sealed class Preparation(Outbox outbox)
{
    private readonly Lock _gate = new();
    private PreparationStatus? _now;

    /// <summary>The step under way; null for none.</summary>
    public PreparationStatus? Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    /// <summary>A step begins.</summary>
    public void Begin(PrepareStep step, long total = 0)
    {
        lock (_gate)
            _now = new PreparationStatus(step, total, 0);
        outbox.Wake();
    }

    /// <summary>So much of the step is done; less than was said before changes nothing.</summary>
    public void Reach(long done)
    {
        lock (_gate)
        {
            if (_now is not { } now || done <= now.Progress)
                return;
            _now = now with { Progress = done };
        }
        outbox.Progressed();
    }

    /// <summary>So much more of the step is done.</summary>
    public void Advance(long more)
    {
        lock (_gate)
            Reach((_now?.Progress ?? 0) + more);
    }

    public void End()
    {
        lock (_gate)
            _now = null;
    }
}

/// <summary>
/// Reads and checks the data of a run, beside everything else. A halt ends the wait for it, not the reading: the next generation
/// of the run waits on. Dispose ends it, between two images.
/// </summary>
internal sealed class DataReading : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<ImageDataset> _reading;
    private readonly Preparation _preparation;
    private long _total;
    private long _done;
    private bool _isTaken;

    /// <summary>Begins to read.</summary>
    public DataReading(RunIdentity identity, WorkerOptions options, Preparation preparation)
    {
        (Identity, _preparation) = (identity, preparation);
        _reading = Task.Run(() =>
        {
            var source = options.OpenData(identity.DataPath);
            Volatile.Write(ref _total, source.ImageNames.Count);
            preparation.Begin(PrepareStep.ReadingData, _total);
            return ImageDataset.Open(source, RunPreparation.OptionsOf(identity.Spec()), new Images(this), _stop.Token);
        });
    }

    /// <summary>Whose data.</summary>
    public RunIdentity Identity { get; }

    /// <summary>Waits for the end.</summary>
    /// <param name="halt">Ends the wait.</param>
    /// <returns>The data, which the caller owns from here on.</returns>
    /// <exception cref="UserErrorException">The data cannot be used.</exception>
    public ImageDataset Take(CancellationToken halt)
    {
        _preparation.Begin(PrepareStep.ReadingData, Volatile.Read(ref _total));
        _preparation.Reach(Volatile.Read(ref _done));
        var dataset = _reading.WaitAsync(halt).GetAwaiter().GetResult();
        _isTaken = true;
        return dataset;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        // Not waited for: a read from a server that does not answer may take long.
        _reading.ContinueWith(
            reading =>
            {
                if (!_isTaken && reading.IsCompletedSuccessfully)
                    reading.Result.Dispose();
                _ = reading.Exception;
                _stop.Dispose();
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private sealed class Images(DataReading reading) : IProgress<int>
    {
        public void Report(int value)
        {
            Volatile.Write(ref reading._done, value);
            if (!reading._stop.IsCancellationRequested)
                reading._preparation.Reach(value);
        }
    }
}

/// <summary>A store whose reads are told as progress, and end with a halt.</summary>
/// <param name="read">Told of bytes as they are read.</param>
/// <param name="halt">Ends every read.</param>
internal sealed class MeteredBlobStore(IBlobStore inner, Action<long> read, CancellationToken halt) : IBlobStore
{
    public Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken) => inner.PutAsync(name, write, cancellationToken);

    public async Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken) => new Metered(await inner.OpenReadAsync(name, cancellationToken), read, halt);

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    public Task<bool> ExistsAsync(string name, CancellationToken cancellationToken) => inner.ExistsAsync(name, cancellationToken);

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public Task SweepAsync(string prefix, CancellationToken cancellationToken) => inner.SweepAsync(prefix, cancellationToken);

    private sealed class Metered(Stream source, Action<long> read, CancellationToken halt) : Stream
    {
        // A tensor is read in one call, which is to move and to end in between.
        private const int MostAtOnce = 4 << 20;

        public override bool CanRead => true;

        public override bool CanSeek => source.CanSeek;

        public override bool CanWrite => false;

        public override long Length => source.Length;

        public override long Position
        {
            get => source.Position;
            set => source.Position = value;
        }

        public override int Read(Span<byte> buffer)
        {
            halt.ThrowIfCancellationRequested();
            return Count(source.Read(buffer[..Math.Min(buffer.Length, MostAtOnce)]));
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            halt.ThrowIfCancellationRequested();
            return Count(await source.ReadAsync(buffer[..Math.Min(buffer.Length, MostAtOnce)], cancellationToken));
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => source.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                source.Dispose();
            base.Dispose(disposing);
        }

        private int Count(int bytes)
        {
            read(bytes);
            return bytes;
        }
    }
}
