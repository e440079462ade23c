using Atelier.Core.Access;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.TestKit;
using Atelier.Training.Data;
using Atelier.Worker.Peers;
using Atelier.Worker.Runs;
using Atelier.Worker.Session;

namespace Atelier.Worker.Tests.Session;

/// <summary>A whole worker in this process, small runs for it, and the coordinator that a test plays.</summary>
internal sealed class WorkerUnderTest : IAsyncDisposable
{
    /// <summary>The worker's name.</summary>
    public const string Name = "w0";

    private const int Pictures = 20, Side = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _drain = new();
    private readonly PeerNetwork _peers;
    private readonly List<string> _said = [];

    private WorkerUnderTest(FakeCoordinator coordinator, PeerNetwork peers) => (Coordinator, _peers) = (coordinator, peers);

    /// <summary>Who it is attached to.</summary>
    public FakeCoordinator Coordinator { get; }

    /// <summary>Ends with the worker.</summary>
    public Task<RunEnded?> Running { get; private set; } = Task.FromResult<RunEnded?>(null);

    /// <summary>How often data was opened.</summary>
    public int DataOpened { get; private set; }

    /// <summary>What it told people.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (_said)
                return [.. _said];
        }
    }

    /// <summary>Starts one.</summary>
    /// <param name="change">Changes its options; null for nothing.</param>
    /// <param name="data">Its data, besides some pictures.</param>
    public static async Task<WorkerUnderTest> StartAsync(Func<WorkerOptions, WorkerOptions>? change = null, Func<ImageSource>? data = null)
    {
        var peers = await PeerNetwork.StartAsync(new PeerOptions(ListenAddress.Parse($"unix:{FakeCoordinator.NewPath()}")), CancellationToken.None);
        var started = new WorkerUnderTest(await FakeCoordinator.StartAsync(), peers);
        var options = new WorkerOptions
        {
            Name = Name,
            Coordinators = [started.Coordinator.Address],
            SharesMemory = false,
            DrainTimeout = TimeSpan.FromSeconds(1),
            OpenData = _ =>
            {
                started.DataOpened++;
                return data?.Invoke() ?? TestImages.Source(Pictures, Side);
            },
        };
        started.Running = Task.Run(() => WorkerProcess.RunAsync(change?.Invoke(options) ?? options, peers, started.Say, TimeProvider.System, started._drain.Token));
        return started;
    }

    /// <summary>The folder of a run.</summary>
    public string StoreOf(string run) => _folder[run];

    /// <summary>SIGTERM.</summary>
    public void Drain() => _drain.Cancel();

    /// <summary>The spec of the small run.</summary>
    public string SpecJson(params string[] set)
    {
        using var prepared = RunPreparation.Prepare(SmallRun.Request(_folder["spec"], 800, set), TimeProvider.System);
        return RunSpecJson.Write(prepared.Record.Spec);
    }

    /// <summary>An order to prepare, of a generation that this worker is alone in, or with others that never come.</summary>
    public Prepare Prepare(string run, long generation, long limit, params string[] others)
    {
        var order = new Prepare
        {
            Run = run,
            Generation = generation,
            SpecJson = SpecJson(),
            Start = new StateVersion(),
            Origin = StateOrigin.Seed,
            LimitIteration = limit,
            RunStore = StoreOf(run),
            DataPath = "data",
            Meeting = $"{run}-{generation}-{Guid.NewGuid():N}",
        };
        int shards = RunSpecJson.Read(order.SpecJson, "the spec").Shards, ranks = others.Length + 1;
        order.Members.Add(new Member { Worker = Name, Rank = 0, ShardFirst = 0, ShardEnd = shards / ranks, PeerAddress = _peers.Address });
        for (int rank = 1; rank < ranks; rank++)
        {
            order.Members.Add(new Member
            {
                Worker = others[rank - 1],
                Rank = rank,
                ShardFirst = shards * rank / ranks,
                ShardEnd = shards * (rank + 1) / ranks,
                PeerAddress = $"unix:{FakeCoordinator.NewPath()}",
            });
        }
        return order;
    }

    /// <summary>Has it prepare, go, and come to the limit.</summary>
    public static async Task RunToLimitAsync(FakeStream stream, Prepare order)
    {
        await stream.SendAsync(new CoordinatorMessage { Prepare = order });
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Ready } && report.Generation == order.Generation && report.Run == order.Run);
        await stream.SendAsync(new CoordinatorMessage { Go = new Go { Run = order.Run, Generation = order.Generation } });
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Halted } && report.Held?.Iteration == order.LimitIteration);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _drain.CancelAsync();
        await ((Task)Running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Coordinator.DisposeAsync();
        await _peers.DisposeAsync();
        _folder.Dispose();
        _drain.Dispose();
    }

    private void Say(string line)
    {
        lock (_said)
            _said.Add(line);
    }
}

/// <summary>Pictures that are read one by one, when a test permits.</summary>
internal sealed class GatedImages(ImageSource inner) : ImageSource
{
    private readonly SemaphoreSlim _permits = new(0);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _reads;

    /// <summary>Ends when nobody wants pictures any more.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Pictures read so far.</summary>
    public int Reads => Volatile.Read(ref _reads);

    public override string Name => inner.Name;

    public override IReadOnlyList<string> ImageNames => inner.ImageNames;

    /// <summary>Lets some more pictures be read.</summary>
    public void Permit(int count) => _permits.Release(count);

    public override byte[] Read(int index)
    {
        _permits.Wait();
        Interlocked.Increment(ref _reads);
        return inner.Read(index);
    }

    public override string? ReadLabels() => inner.ReadLabels();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        _closed.TrySetResult();
        base.Dispose(disposing);
    }
}
