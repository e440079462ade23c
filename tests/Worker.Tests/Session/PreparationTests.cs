using Atelier.Core;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.TestKit;
using Atelier.Training.Snapshots;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;
using Atelier.Worker.Session;

namespace Atelier.Worker.Tests.Session;

/// <summary>What preparing tells, and how a halt ends it.</summary>
public sealed class PreparationTests : IDisposable
{
    private static readonly SnapshotName Newest = new(0, new ImageCount(16));

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _halt = new();
    private readonly Outbox _outbox = new();
    private long _read;

    [Fact]
    public async Task Load_ASnapshot_TellsEveryByteTwice()
    {
        WriteSnapshot();
        using var snapshot = await Store(read => _read += read).OpenAsync(Newest, _halt.Token);
        using var state = StateSections.Restore(snapshot);

        long bytes = StateSections.Describe(state).Sum(section => section.Bytes);
        // Once to check the hash, once to load; headers come on top.
        Assert.InRange(_read, 2 * bytes, (long)(2.5 * bytes));
    }

    [Fact]
    public async Task Load_HaltedWhileTheHashIsChecked_Ends()
    {
        WriteSnapshot();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store(_ => _halt.Cancel()).OpenAsync(Newest, CancellationToken.None));
    }

    [Fact]
    public async Task Load_HaltedWhileTheStateIsRead_Ends()
    {
        WriteSnapshot();
        using var snapshot = await Store(_ => { }).OpenAsync(Newest, _halt.Token);
        await _halt.CancelAsync();

        Assert.ThrowsAny<OperationCanceledException>(() => StateSections.Restore(snapshot));
    }

    [Fact]
    public void Reach_LessThanWasSaid_ChangesNothing()
    {
        var preparation = new Preparation(_outbox);
        preparation.Begin(PrepareStep.ReadingData, 10);
        preparation.Reach(5);
        preparation.Reach(3);
        Assert.Equal(new PreparationStatus(PrepareStep.ReadingData, 10, 5), preparation.Now);

        preparation.Begin(PrepareStep.WarmingUp);
        Assert.Equal(new PreparationStatus(PrepareStep.WarmingUp, 0, 0), preparation.Now);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _outbox.Dispose();
        _halt.Dispose();
        _folder.Dispose();
    }

    private void WriteSnapshot() => LocalRun.Execute(SmallRun.Request(_folder["run"], 16), new SilentDisplay(), new StopFlag(), TimeProvider.System);

    private SnapshotStore Store(Action<long> read) => new(new MeteredBlobStore(new FolderBlobStore(_folder["run"]), read, _halt.Token), TimeProvider.System);
}
