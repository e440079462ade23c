using System.Diagnostics;
using System.Threading.Channels;
using Atelier.Core;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Telemetry;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Evaluations;
using Atelier.Worker.Telemetry;
using Position = Atelier.Core.Fleet.Position;
using Stage = Atelier.Protos.WorkerStage;

namespace Atelier.Worker.Session;

/// <summary>
/// Obeys the coordinator. Orders are carried out one after the other; each may be repeated, and one of a lower epoch (<see cref="OrderFence"/>)
/// or an earlier generation is ignored. The work runs on a thread of its own, and a halt ends it between two phases.
/// </summary>
internal sealed partial class WorkerAgent : IAsyncDisposable
{
    private readonly Channel<Func<Task>> _inbox = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly OrderFence _fence = new();
    private readonly WorkerOptions _options;
    private readonly RunEngine _engine;
    private readonly EvaluationWorker _evaluations;
    private readonly Outbox _outbox;
    private readonly Action<string> _say;
    private readonly LaneThread _loop = new("loop");
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RunEnded> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _halt = new();
    private Task _work = Task.CompletedTask;
    private Prepare? _plan;
    private volatile Warm? _warming;
    private WarmUp? _warmUp;
    private string _run = "";
    private string _cluster = "";
    private bool _isOrphan;
    private long _generation;
    private Stage _stage = Stage.Idle;
    private string _trouble = "";
    private Protos.TroubleKind _troubleKind;
    private long _sequence;
    private bool _isDraining;

    public WorkerAgent(WorkerOptions options, RunEngine engine, EvaluationWorker evaluations, Outbox outbox, Action<string> say) =>
        (_options, _engine, _evaluations, _outbox, _say) = (options, engine, evaluations, outbox, say);

    /// <summary>Ends when a draining worker has nothing left to hand over.</summary>
    public Task Released => _released.Task;

    /// <summary>Ends when the one run that this worker serves has ended.</summary>
    public Task<RunEnded> Ended => _ended.Task;

    /// <summary>Takes an order; it is carried out after those before it.</summary>
    public void Hear(CoordinatorMessage order) => _inbox.Writer.TryWrite(() => JudgeAsync(order));

    /// <summary>The worker is no member of the fleet: it stops, and keeps what it holds.</summary>
    public void Evicted() => _inbox.Writer.TryWrite(StandStillAsync);

    /// <summary>Saves what is held, as nobody else can take it: the iteration under way is finished, and a whole snapshot written.</summary>
    /// <param name="late">Ends it without one.</param>
    public Task SaveAloneAsync(CancellationToken late)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _inbox.Writer.TryWrite(async () =>
        {
            await StandStillAsync();
            var saving = _loop.Start(() => _engine.SaveAlone(_say, late));
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (saving.Exception?.InnerException is { } failure and not OperationCanceledException)
                _say($"could not write a snapshot of {_run}: {failure.Message}");
            done.SetResult();
        });
        return done.Task.WaitAsync(late);
    }

    /// <summary>Asks to be let go; what is held is handed over first.</summary>
    public void Drain(string reason)
    {
        lock (_gate)
        {
            _isDraining = true;
            if (_run.Length == 0 || _stage == Stage.Idle)
                _released.TrySetResult();
        }
        _outbox.Add(new WorkerMessage { Draining = new() { Reason = reason } });
        // A worker that leaves need not get ready; one that holds a state keeps it at hand.
        _inbox.Writer.TryWrite(async () =>
        {
            if (_stage != Stage.Preparing && !IsWarmingUp)
                return;
            await StandStillAsync();
            await _loop.Start(_engine.StopReading);
        });
    }

    /// <summary>Carries out orders until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var next in _inbox.Reader.ReadAllAsync(stop))
            await next();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await HaltAsync();
        await _loop.Start(_engine.Dispose);
        _loop.Dispose();
        _halt.Dispose();
    }

    private async Task JudgeAsync(CoordinatorMessage order)
    {
        var verdict = _fence.Judge(order);
        if (verdict == OrderVerdict.Stale)
            return;
        if (verdict == OrderVerdict.FirstOfCluster)
            await ChangeClusterAsync();
        // A span an order; what an order begins and does not wait for has its own.
        var parent = TraceParent.Read(order.Traceparent);
        using var span = WorkerMetrics.Traces.Begin($"order {order.MessageCase}", parent);
        span?.SetTag("run", OrderFence.WorkOf(order));
        await ExecuteAsync(order, span?.Context ?? parent);
    }

    /// <summary>The coordinator has another database. Generations are counted anew; what is held is kept until the coordinator says what becomes of it.</summary>
    private async Task ChangeClusterAsync()
    {
        await StandStillAsync();
        string kept = _stage == Stage.Idle ? "" : $"; this worker keeps {_run} and reports it";
        _say($"this coordinator belongs to a different cluster than before ({_fence.Cluster}); ignoring orders from the earlier one{kept}");
        await _loop.Start(() => _engine.LeaveCluster());
        lock (_gate)
            (_generation, _isOrphan) = (0, _stage != Stage.Idle);
    }

    private async Task StandStillAsync()
    {
        await HaltAsync();
        if (_stage != Stage.Idle)
            TransitionTo(_run, _generation, Stage.Halted, null);
    }

    private async Task ExecuteAsync(CoordinatorMessage order, ActivityContext trace)
    {
        if (_isOrphan && OrderFence.WorkOf(order) is { } named && named != _run)
            await AbandonAsync();
        switch (order.MessageCase)
        {
            case CoordinatorMessage.MessageOneofCase.ProbeRequest:
                await ProbeAsync();
                break;
            case CoordinatorMessage.MessageOneofCase.InspectData:
                _ = Task.Run(() => _outbox.Add(new WorkerMessage { DataFacts = DataInspection.Inspect(order.InspectData, _options) }));
                break;
            case CoordinatorMessage.MessageOneofCase.Halt when Concerns(order.Halt.Run) && order.Halt.Generation >= _generation:
                long halting = Stopwatch.GetTimestamp();
                await HaltAsync();
                WorkerMetrics.HaltDuration.Record(Stopwatch.GetElapsedTime(halting).TotalSeconds, WorkerMetrics.Tag("run", order.Halt.Run));
                TransitionTo(order.Halt.Run, order.Halt.Generation, Stage.Halted, null);
                break;
            case CoordinatorMessage.MessageOneofCase.Prepare when Concerns(order.Prepare.Run) && order.Prepare.Generation > _generation:
                await HaltAsync();
                SetWarmUp(null);
                (_cluster, _isOrphan) = (_fence.Cluster, false);
                TransitionTo(order.Prepare.Run, order.Prepare.Generation, Stage.Preparing, order.Prepare);
                Start(token => Prepare(order.Prepare, trace, token));
                break;
            case CoordinatorMessage.MessageOneofCase.Go when IsPresent(order.Go.Run, order.Go.Generation) && _stage == Stage.Ready:
                await _work;
                SetStage(Stage.Stepping);
                Start(token => Step(_plan!, trace, token));
                break;
            case CoordinatorMessage.MessageOneofCase.Save when IsPresent(order.Save.Run, order.Save.Generation) && _engine.Held == order.Save.Version.ToVersion() && _work.IsCompleted:
                Start(_ => _engine.Save(order.Save.Attempt));
                await _work;
                break;
            case CoordinatorMessage.MessageOneofCase.Release when Concerns(order.Release.Run) && order.Release.Generation >= _generation:
                // One that is repeated disturbs neither an evaluation nor warming up for another run.
                if (_stage != Stage.Idle || _engine.Run == order.Release.Run)
                {
                    await HaltAsync();
                    SetWarmUp(null);
                    await _loop.Start(_engine.ReleaseRun);
                }
                TransitionTo(order.Release.Run, order.Release.Generation, Stage.Idle, null);
                if (!_work.IsCompleted)
                    break;
                if (_evaluations.HasWork) // what was begun between ticks is done in one go now
                    Start(_evaluations.Work);
                break;
            case CoordinatorMessage.MessageOneofCase.Evaluate when !_evaluations.Has(order.Evaluate):
                if (_stage != Stage.Idle || IsWarmingUp)
                {
                    _evaluations.Take(order.Evaluate, trace);
                    break;
                }
                await HaltAsync();
                _evaluations.Take(order.Evaluate, trace);
                Start(_evaluations.Work);
                break;
            case CoordinatorMessage.MessageOneofCase.Warm when _stage == Stage.Idle && !_engine.IsWarm(order.Warm) && !IsWarmingUpFor(order.Warm):
                await HaltAsync();
                SetWarmUp(new WarmUp { Run = order.Warm.Run });
                _warming = order.Warm;
                Start(token => Warm(order.Warm, token));
                break;
            case CoordinatorMessage.MessageOneofCase.RunEnded when order.RunEnded.Run == _options.OnlyRun:
                await HaltAsync();
                _ended.TrySetResult(order.RunEnded);
                break;
            case CoordinatorMessage.MessageOneofCase.TakeSnapshot when IsPresent(order.TakeSnapshot.Run, order.TakeSnapshot.Generation):
                _engine.RequestSnapshot(order.TakeSnapshot);
                break;
        }
        _outbox.Wake();
    }

    /// <summary>The run that is held is one of a former cluster, and the present one gives this worker other work.</summary>
    private async Task AbandonAsync()
    {
        _say($"dropping {_run}, which the coordinator does not know");
        await HaltAsync();
        await _loop.Start(_engine.ReleaseRun);
        TransitionTo(_run, _generation, Stage.Idle, null);
        _isOrphan = false;
    }

    private bool IsWarmingUp => _warming is not null && !_work.IsCompleted;

    private bool IsWarmingUpFor(Warm order) => IsWarmingUp && order.Equals(_warming);

    private void Warm(Warm order, CancellationToken halt)
    {
        string trouble = "";
        try
        {
            _engine.Warm(order, halt);
        }
#pragma warning disable CA1031 // whatever goes wrong is told; the coordinator decides whether the run goes on without this worker
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            trouble = e.Message;
            _say($"cannot get ready for {order.Run}: {trouble}");
        }
        SetWarmUp(new WarmUp { Run = order.Run, IsWarm = trouble.Length == 0, Trouble = trouble });
        _warming = null;
        if (_evaluations.HasWork)
            _evaluations.Work(halt);
    }

    /// <summary>A worker has one run at a time; another one comes after it was released.</summary>
    private bool Concerns(string run)
    {
        lock (_gate)
        {
            if (run == _run)
                return true;
            if (_stage != Stage.Idle)
                return false;
            // Generations are counted by run.
            (_run, _generation) = (run, 0);
            return true;
        }
    }

    private bool IsPresent(string run, long generation) => run == _run && generation == _generation;

    private void TransitionTo(string run, long generation, Stage stage, Prepare? plan)
    {
        lock (_gate)
        {
            if ((run, generation, stage) == (_run, _generation, _stage))
                return;
            (_run, _generation, _stage, _plan, _trouble) = (run, generation, stage, plan, "");
            _troubleKind = Protos.TroubleKind.Unspecified;
            if (_isDraining && stage == Stage.Idle)
                _released.TrySetResult();
        }
    }

    private void SetStage(Stage stage)
    {
        lock (_gate)
            _stage = stage;
        _outbox.Wake();
    }

    private void Prepare(Prepare order, ActivityContext trace, CancellationToken halt)
    {
        long start = Stopwatch.GetTimestamp();
        using var span = WorkerMetrics.Traces.Begin("prepare", trace);
        span?.SetTag("run", order.Run).SetTag("generation", order.Generation).SetTag("origin", $"{order.Origin}");
        _engine.Prepare(order, RankIn(order), halt);
        WorkerMetrics.PrepareDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, WorkerMetrics.Tag("run", order.Run));
        SetStage(Stage.Ready);
    }

    private void Step(Prepare order, ActivityContext trace, CancellationToken halt)
    {
        var plan = PlanMessages.ToPlan(order);
        _engine.Step(order, plan, RankIn(order), trace, halt);
        SetStage(Stage.Halted);
    }

    private int RankIn(Prepare order) =>
        order.Members.FirstOrDefault(member => member.Worker == _options.Name)?.Rank
        ?? throw new UserErrorException($"generation {order.Generation} has no worker called {_options.Name}");

    private void Start(Action<CancellationToken> work)
    {
        var halt = _halt.Token;
        _work = _loop.Start(() =>
        {
            try
            {
                work(halt);
            }
            catch (OperationCanceledException) when (halt.IsCancellationRequested)
            {
                // A halt: the order that asked for it reports.
            }
#pragma warning disable CA1031 // whatever goes wrong ends the generation, not the worker; the coordinator is told and forms another one
            catch (Exception e)
#pragma warning restore CA1031
            {
                ReportTrouble(e);
            }
        });
    }

    private async Task HaltAsync()
    {
        await _halt.CancelAsync();
        await _work;
        if (_warming is not null)
        {
            _warming = null;
            SetWarmUp(null);
        }
        await _loop.Start(_engine.Leave);
        _halt.Dispose();
        _halt = new();
    }

    /// <summary>Whoever is asked is no member, and works for nobody: it was taken for lost. The state stays at hand for the next generation.</summary>
    private async Task ProbeAsync()
    {
        await StandStillAsync();
        await _loop.Start(() => _outbox.Add(new WorkerMessage { ProbeResult = AdmissionProbe.Run(_options.Device.ToTorch()) }));
    }
}
