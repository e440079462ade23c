using System.Text.Json;
using Atelier.Cli.Commands;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Numerics;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;
using Grpc.Core;
using RunEvent = Atelier.Core.Runs.RunEvent;
using RunsClient = Atelier.Protos.Runs.RunsClient;

namespace Atelier.Cli.Cluster;

/// <summary>
/// A run on worker processes and a coordinator process of this machine: <c>train --workers N</c>. Its folder is the same as that
/// of a run in one process, and either continues where the other stopped.
/// </summary>
internal sealed class ProcessRun : IDisposable
{
    private const string RunName = "run";

    /// <summary>Failed snapshots after which a stopping run is left at its last good one.</summary>
    private const int MostFailedSaves = 3;

    private static readonly TimeSpan StopPoll = TimeSpan.FromMilliseconds(100);

    private readonly PreparedRun _run;
    private readonly TrainRequest _request;
    private readonly IRunDisplay _display;
    private readonly StopFlag _stop;
    private readonly TimeProvider _time;
    private readonly RunFolder _folder;
    private readonly RunFiles _notes;
    private readonly EventLog _events;
    private TimeSpan _dataWaited;
    private double? _generatorLoss;
    private double? _discriminatorLoss;
    private MetricValue? _metric;
    private readonly LineClock _lines;
    private bool _isEstimated;
    private int _failedSaves;
    private bool _wasAsked;
    private ImageCount? _nonFiniteAt;
    private readonly CancellationTokenSource _left = new();
    private long _lastEvent;
    private long? _started;
    private ITimer? _limit;
    private Run? _last;

    private ProcessRun(PreparedRun run, TrainRequest request, IRunDisplay display, StopFlag stop, TimeProvider time)
    {
        (_run, _request, _display, _stop, _time) = (run, request, display, stop, time);
        _folder = new RunFolder(Path.GetFullPath(request.Out));
        _notes = new RunFiles(display);
        _events = new EventLog(_folder, _notes, display);
        _lines = new LineClock(time);
    }

    /// <summary>Trains until the last image, the time limit, a stop, or a failure.</summary>
    /// <exception cref="UserErrorException">The request cannot be carried out.</exception>
    public static RunOutcome Execute(TrainRequest request, IRunDisplay display, StopFlag stop, TimeProvider time)
    {
        using var run = RunPreparation.Prepare(request, time);
        RunPreparation.RequireMetrics(run);
        using var process = new ProcessRun(run, request, display, stop, time);
        return process.ExecuteAsync().GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _limit?.Dispose();
        _left.Dispose();
    }

    private RunSpec Spec => _run.Record.Spec;

    private async Task<RunOutcome> ExecuteAsync()
    {
        var devices = Enumerable.Range(0, _request.Workers).Select(_request.Device.ForRank).ToList();
        devices.ForEach(device => device.Require());
        NumericsEnvironment.Apply(Spec.Threads);
        using var held = RunLock.Take(_folder);
        _folder.DeleteUnfinished();
        var store = new SnapshotStore(new FolderBlobStore(_folder.Path), _time);
        ImageCount from;
        using (var snapshot = new RunStart(_run, _request, store, _events, NumericsProbe.Measure(_request.Device), _time).Decide())
            from = snapshot?.Name.At ?? ImageCount.Zero;
        int lanes = Spec.Lanes ?? Math.Max(1, Environment.ProcessorCount / Spec.Threads / _request.Workers);
        _isEstimated = from > ImageCount.Zero;
        _metric = RunHistory.LatestMetric(_folder, Spec.Metrics is [var first, ..] ? first : null);
        _display.Begin(RunBanner.Of(_run, _request, from, lanes));
        using var meeting = new SocketFolder();
        using var processes = new LocalProcesses(_display.Say);
        processes.Start("the coordinator", ["coordinator", "--listen", meeting.Socket, "--database", meeting.Database, "--no-run-files"]);
        foreach (var (name, device) in devices.Select((device, index) => ($"worker-{index}", device)))
        {
            processes.Start(
                name,
                ["worker", "--name", name, "--coordinator", meeting.Socket, "--listen", $"unix:{meeting.Path}/{name}.sock", "--threads", $"{Spec.Threads}", "--lanes", $"{lanes}", "--device", $"{device}"]);
        }
        using var channel = Rpc.Transport.CoordinatorChannel.Open(meeting.Socket, null);
        var client = new RunsClient(channel);
        try
        {
            await SubmitAsync(client, processes, new SubmitRequest
            {
                Run = RunName,
                ResolvedSpecJson = RunSpecJson.Write(Spec),
                Branch = _run.Record.Branch,
                DataPath = _request.DataName,
                RunStore = _folder.Path,
                MinWorkers = 1,
                MaxWorkers = _request.Workers,
                InitPath = _run.Record.Init ?? "",
                AcceptNewNumerics = true, // decided above
            });
            var (last, trained) = await FollowAsync(client, processes);
            return await ConcludeAsync(store, last, from, trained);
        }
        catch (RpcException e)
        {
            throw CoordinatorOption.Explain(e, meeting.Socket);
        }
    }

    /// <summary>Follows the run to its end, and pauses it when this process has to stop.</summary>
    /// <returns>The run's final status, and how long it trained.</returns>
    private async Task<(Run Last, TimeSpan Trained)> FollowAsync(RunsClient client, LocalProcesses processes)
    {
        using var ended = new CancellationTokenSource();
        var stopping = PauseWhenAskedAsync(client, ended.Token);
        try
        {
            while (await WatchAsync(client, processes))
            {
                // The coordinator ended; training continues while it is restarted.
                await Task.Delay(StopPoll, _time);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await stopping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return (_last!, _started is { } began ? _time.GetElapsedTime(began) : TimeSpan.Zero);
    }

    /// <summary>Follows the run until it ends or the coordinator does.</summary>
    /// <returns>True where the run continues.</returns>
    private async Task<bool> WatchAsync(RunsClient client, LocalProcesses processes)
    {
        using var call = client.Watch(new WatchRequest { Run = RunName, AfterEvent = _lastEvent }, cancellationToken: _left.Token);
        try
        {
            while (await NextAsync(call.ResponseStream, processes))
            {
                if (call.ResponseStream.Current.Event is { } happened)
                    Note(happened, client);
                if (call.ResponseStream.Current.Run is { } run && Show(run).Status == RunStatus.Paused)
                    return false;
            }
            return false;
        }
        catch (RpcException) when (_left.IsCancellationRequested)
        {
            return false;
        }
        catch (RpcException e) when (IsUnavailable(e) || e.StatusCode == StatusCode.Unknown)
        {
            return true;
        }
    }

    private static async Task<bool> NextAsync(IAsyncStreamReader<WatchUpdate> updates, LocalProcesses processes)
    {
        var next = updates.MoveNext(CancellationToken.None);
        return await Task.WhenAny(next, processes.Failed) == next ? await next : throw new UserErrorException(await processes.Failed);
    }

    private Run Show(Run run)
    {
        if (run.Status == RunStatus.Running && _started is null)
        {
            _started = _time.GetTimestamp();
            // The limit counts training, not the start of the processes.
            if (_request.TimeLimit is { } length)
                _limit = _time.CreateTimer(_ => _stop.Request(), null, length, Timeout.InfiniteTimeSpan);
        }
        var progress = RunLines.ProgressOf(run) with { GeneratorLoss = _generatorLoss, DiscriminatorLoss = _discriminatorLoss, Metric = _metric };
        progress = progress.Within(Left);
        _display.Progress(progress);
        if (_lines.IsDue && run.Status == RunStatus.Running)
        {
            _lines.Told();
            _display.Interim(progress);
        }
        if (!_isEstimated && _started is { } began && RunEstimate.Of(progress, _time.GetElapsedTime(began).TotalSeconds) is { } estimate)
        {
            _isEstimated = true;
            _display.Say(estimate);
        }
        return _last = run;
    }

    /// <summary>What is left of the time limit; null for no limit, and before training begins.</summary>
    private TimeSpan? Left => _request.TimeLimit is { } limit && _started is { } started ? TimeSpan.FromTicks(Math.Max(0, (limit - _time.GetElapsedTime(started)).Ticks)) : null;

    /// <summary>Whether the coordinator is still starting, or ended during the call and is being restarted.</summary>
    private static bool IsUnavailable(RpcException e) => e.StatusCode is StatusCode.Unavailable or StatusCode.Internal;

    /// <summary>Submits as soon as the coordinator listens.</summary>
    private async Task SubmitAsync(RunsClient client, LocalProcesses processes, SubmitRequest request)
    {
        while (!processes.Failed.IsCompleted)
        {
            try
            {
                await client.SubmitAsync(request); // the same again, where an earlier answer was lost, changes nothing
                return;
            }
            catch (RpcException e) when (IsUnavailable(e))
            {
                await Task.Delay(StopPoll, _time);
            }
        }
        throw new UserErrorException(await processes.Failed);
    }

    private async Task PauseWhenAskedAsync(RunsClient client, CancellationToken ended)
    {
        while (!_stop.ShouldStop(0))
            await Task.Delay(StopPoll, _time, ended);
        _wasAsked = true;
        while (true)
        {
            try
            {
                await client.PauseAsync(new PauseRequest { Run = RunName }, cancellationToken: ended);
                return;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.FailedPrecondition)
            {
                // The run has ended by itself; do not wait for its evaluations.
                await _left.CancelAsync();
                return;
            }
            catch (RpcException e) when (IsUnavailable(e))
            {
                await Task.Delay(StopPoll, _time, ended);
            }
        }
    }

    private void Note(Protos.RunEvent happened, RunsClient client)
    {
        _lastEvent = happened.Number;
        using var json = JsonDocument.Parse(happened.Json);
        if (!json.RootElement.TryGetProperty("event", out _))
        {
            Tick(json.RootElement, happened);
            return;
        }
        var known = RunEvent.FromJson(happened.Json);
        _events.Add(known, show: known is not (SnapshotWritten or SnapshotDeleted));
        if (known is MetricMeasured measured && Spec.Metrics is [var first, ..] && MetricCatalog.Find(first).Results[0] == measured.Metric)
            _metric = new MetricValue(first, measured.Value);
        if (known is RunStopped stopped)
            _nonFiniteAt = stopped.NonFinite ? ImageCount.FromKimg(stopped.Kimg) : null;
        // A full disk does not get better by waiting: leave the run at its last snapshot.
        if (known is SnapshotFailed && _wasAsked && ++_failedSaves >= MostFailedSaves)
            _ = client.CancelAsync(new CancelRequest { Run = RunName, Discard = true });
    }

    private void Tick(JsonElement tick, Protos.RunEvent happened)
    {
        _dataWaited += TimeSpan.FromSeconds(TickLines.Mean(tick, "Timing/data_wait_sec") ?? 0);
        (_generatorLoss, _discriminatorLoss) = (TickLines.Mean(tick, "Loss/G/loss"), TickLines.Mean(tick, "Loss/D/loss"));
        _lines.Told();
        var line = new TickLine(happened.Text, happened.Json);
        _display.Tick(_last is { } run ? line.Within(Left, RunLines.ProgressOf(run)) : line);
    }

    private async Task<RunOutcome> ConcludeAsync(SnapshotStore store, Run last, ImageCount from, TimeSpan trained)
    {
        var newest = (await store.ListAsync(CancellationToken.None)).LastOrDefault(entry => entry.Damage is null)?.Manifest;
        var end = last.Status switch
        {
            RunStatus.Finished => LoopEnd.Finished,
            RunStatus.Failed when _nonFiniteAt is not null => LoopEnd.NonFinite,
            RunStatus.Failed => throw new IOException($"the run cannot continue: {last.Reason}"),
            _ => LoopEnd.Stopped,
        };
        var now = newest?.At ?? ImageCount.Zero;
        string hash = newest?.StateSha256 ?? "";
        // Workers may have gone on after the tick that failed, and snapshots of then are no better than it.
        var advice = end == LoopEnd.NonFinite && _nonFiniteAt is { } failed ? NonFiniteAdvice.Of(store, _request.Out, Spec, newest?.Branch ?? 0, failed) : null;
        string? lastGood = newest is null ? null : new SnapshotName(newest.Branch, newest.At).ToString();
        if (end == LoopEnd.Finished)
            _events.Add(new RunFinished(_time.GetUtcNow(), now.Kimg, hash), show: false);
        else if (_wasAsked)
            _events.Add(new RunStopped(_time.GetUtcNow(), now.Kimg, "stop requested", lastGood), show: false);
        return new RunOutcome(
            end, now, now.Images - from.Images, trained, _dataWaited, null, last.Status != RunStatus.Cancelled, hash, RunPictures.DrawAll(_folder, _notes))
        {
            LastGood = advice?.LastGood ?? lastGood,
            Advice = advice?.Lines ?? [],
        };
    }

    /// <summary>Temporary folder of the processes' sockets and the coordinator's database.</summary>
    private sealed class SocketFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("atelier-");

        public string Path => _folder.FullName;

        public string Socket => $"unix:{System.IO.Path.Combine(Path, "coordinator.sock")}";

        public string Database => System.IO.Path.Combine(Path, "coordinator.db");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
