using System.Diagnostics;
using Atelier.Core;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;
using Atelier.Storage.Snapshots;
using Grpc.Core;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>Stores that answer nothing (opening a pipe waits for whoever has its other end), or do not let go of a snapshot.</summary>
public sealed class StoreTroubleTests : IAsyncLifetime
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    private RunningCoordinator _coordinator = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _coordinator = await RunningCoordinator.StartAsync();

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    [Fact]
    public async Task Submit_OfARunWhoseStoreHangs_DelaysNoOther()
    {
        await using var worker = await _coordinator.AttachAsync("w0");
        var manifest = MakePipe(Path.Combine(_coordinator.Store("stuck"), "snapshots", "000001.000", "manifest.json"));
        var stuck = SubmitAsync("stuck");
        await SubmitAsync("faces");

        await _coordinator.UntilStatusAsync("faces", RunStatus.Running);
        Assert.False(stuck.IsCompleted);
        var refused = await Assert.ThrowsAsync<RpcException>(() => stuck);

        Assert.Contains("no answer within", refused.Status.Detail, StringComparison.Ordinal);
        Assert.False(worker.Ended.IsCompleted);
        // Lets the reader go.
        await File.WriteAllTextAsync(manifest, "{}", Cancellation);
    }

    /// <summary>A run whose store hangs while it trains is heard and answers, and other runs go on.</summary>
    [Fact]
    public async Task Run_WhoseStoreHangs_IsHeardAndDelaysNoOther()
    {
        await using var worker = await _coordinator.AttachAsync("w0");
        await SubmitAsync("stuck");
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        var events = Path.Combine(_coordinator.Store("stuck"), "events.jsonl");
        await UntilAsync(() => Task.FromResult(File.Exists(events)));
        File.Delete(events);
        MakePipe(events);
        // Whoever joins or leaves is an event.
        await using var other = await _coordinator.AttachAsync("w1");
        await other.UntilAsync(WorkerStage.Stepping, Cancellation);

        worker.TellProgress(7);
        other.TellProgress(7);

        await UntilAsync(async () => (await _coordinator.Runs.GetAsync(new GetRequest { Run = "stuck" }, cancellationToken: Cancellation)).Iteration == 7);
        await using var third = await _coordinator.AttachAsync("w2");
        await SubmitAsync("faces");
        await _coordinator.UntilStatusAsync("faces", RunStatus.Running);
        // Lets the writer go.
        await using var reader = new FileStream(events, FileMode.Open, FileAccess.ReadWrite);
    }

    /// <summary>A snapshot of a state on which workers turned out not to agree is deleted as soon as the store lets it, and once.</summary>
    [Fact]
    public async Task Discard_ThatFails_IsTriedUntilItIsDone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "only root can mount something on a file, which keeps it from being deleted");
        var state = new EmptyState(_coordinator.Store("faces"));
        await using var a = new FakeWorker(_coordinator.Fleet, "a", save: state.Save);
        await a.Probed.WaitAsync(Cancellation);
        await using var b = new FakeWorker(_coordinator.Fleet, "b", save: state.Save);
        await b.Probed.WaitAsync(Cancellation);
        await SubmitAsync("faces");
        await a.UntilAsync(WorkerStage.Stepping, Cancellation);
        await b.UntilAsync(WorkerStage.Stepping, Cancellation);
        a.TellDigest(3, "x");
        b.TellDigest(3, "x");
        a.TellProgress(5);
        b.TellProgress(5);
        await _coordinator.Runs.PauseAsync(new PauseRequest { Run = "faces" }, cancellationToken: Cancellation);
        await _coordinator.UntilStatusAsync("faces", RunStatus.Paused);
        await _coordinator.Runs.ResumeAsync(new ResumeRequest { Run = "faces" }, cancellationToken: Cancellation);
        await a.UntilAsync(WorkerStage.Stepping, Cancellation);
        await b.UntilAsync(WorkerStage.Stepping, Cancellation);
        var snapshot = Directory.GetDirectories(Path.Combine(_coordinator.Store("faces"), "snapshots")).Single();
        var manifest = Path.Combine(snapshot, "manifest.json");
        Assert.SkipUnless(Succeeds("mount", "--bind", manifest, manifest), "nothing can be mounted here");
        try
        {
            // They agreed on iteration 3 before: the snapshot may hold what only one of them has.
            a.TellDigest(10, "x");
            b.TellDigest(10, "y");
            await UntilDescribedAsync(run => run.Run.Reason.Contains("cannot use", StringComparison.Ordinal));
        }
        finally
        {
            Succeeds("umount", manifest);
        }

        await UntilDescribedAsync(run => run.LastEvents.Any(told => told.Text.EndsWith("deleted", StringComparison.Ordinal)));
        Assert.False(File.Exists(manifest));
    }

    private static string MakePipe(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Assert.True(Succeeds("mkfifo", path));
        return path;
    }

    private static bool Succeeds(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private Task UntilDescribedAsync(Func<RunDescription, bool> isSo) =>
        UntilAsync(async () => isSo(await _coordinator.Runs.DescribeAsync(new DescribeRequest { Run = "faces", LastEvents = 20 }, cancellationToken: Cancellation)));

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var again = new PeriodicTimer(Glance);
        while (!await isSo())
            await again.WaitForNextTickAsync(Cancellation);
    }

    private async Task SubmitAsync(string run) => await _coordinator.Runs.SubmitAsync(_coordinator.Request(run), cancellationToken: Cancellation);

    /// <summary>The state of fake workers: of nothing but one number.</summary>
    private sealed class EmptyState(string store)
    {
        private static readonly SnapshotSection Section = new("G", TensorDtype.F32, 1);

        public SliceReport Save(Save order)
        {
            using var hasher = new StateHasher();
            hasher.Begin(Section);
            hasher.Append(new byte[Section.Bytes]);
            var hash = hasher.Finish();
            var content = new SnapshotContent(new ImageCount(order.Version.Iteration * 16), order.Version.Iteration, 0, new RunSpec { Batch = 16, Shard = 4 }, [Section], hash, new NumericsFingerprint());
            var writing = new SnapshotStore(StoreLocation.Parse(store).Open(), TimeProvider.System).Begin(content, SnapshotNumber.Of(order.Attempt).FileTag);
            var slice = writing.WriteSliceAsync(0, [SnapshotPartData.Whole(Section, stream => stream.Write(new byte[Section.Bytes]))], Cancellation).GetAwaiter().GetResult();
            return new()
            {
                Run = order.Run, Attempt = order.Attempt, Name = slice.File, SizeBytes = slice.Bytes, SliceSha256 = slice.Sha256, StateSha256 = hash,
                SliceJson = new WrittenSlice(content, slice).ToJson(),
            };
        }
    }
}
