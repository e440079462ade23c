using System.Threading.Channels;
using Atelier.Core;
using Atelier.Core.Fleet.Generations;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Evaluations;
using Position = Atelier.Core.Fleet.Position;
using Stage = Atelier.Protos.WorkerStage;

namespace Atelier.Worker.Session;

/// <summary>
/// Obeys the coordinator. Orders are carried out one after the other; each may be repeated, and one of a lower epoch or an
/// earlier generation is ignored. The work itself runs on a thread of its own, and a halt ends it between two phases.
/// </summary>
internal sealed class WorkerAgent : IAsyncDisposable
{
    private readonly Channel<CoordinatorMessage> _orders = Channel.CreateUnbounded<CoordinatorMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly WorkerOptions _options;
    private readonly RunEngine _engine;
    private readonly EvaluationWorker _evaluations;
    private readonly Outbox _outbox;
    private readonly Action<string> _say;
    private readonly LaneThread _loop = new("loop");
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _halt = new();
    private Task _work = Task.CompletedTask;
    private Prepare? _plan;
    private string _run = "";
    private readonly Dictionary<(string Cluster, string Authority), long> _epochs = [];
    private long _generation;
    private Stage _stage = Stage.Idle;
    private string _trouble = "";
    private long _sequence;
    private bool _isDraining;

    /// <param name="engine">Does the work.</param>
    /// <param name="evaluations">Does evaluations.</param>
    /// <param name="say">Told of what a person may want to know.</param>
    public WorkerAgent(WorkerOptions options, RunEngine engine, EvaluationWorker evaluations, Outbox outbox, Action<string> say) =>
        (_options, _engine, _evaluations, _outbox, _say) = (options, engine, evaluations, outbox, say);

    /// <summary>Ends when a draining worker has nothing left to hand over.</summary>
    public Task Released => _released.Task;

    /// <summary>Takes an order; it is carried out after those before it.</summary>
    public void Hear(CoordinatorMessage order) => _orders.Writer.TryWrite(order);

    /// <summary>The present report; null while no run is held.</summary>
    public RunReport? Report()
    {
        lock (_gate)
        {
            if (_run.Length == 0)
                return null;
            var report = new RunReport
            {
                Run = _run,
                Sequence = ++_sequence,
                Generation = _generation,
                Stage = _stage,
                Held = _engine.Held?.ToMessage(),
                Trouble = _trouble,
                SecondsPerShard = _engine.SecondsPerShard,
            };
            if (_stage == Stage.Stepping && _engine.Awaited is { } rank && _engine.Held is { } at)
                report.Waiting = new() { Rank = rank, Iteration = at.Position.Iteration, Phase = at.Position.Phase };
            return report;
        }
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
    }

    /// <summary>Carries out orders until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var order in _orders.Reader.ReadAllAsync(stop))
        {
            var authority = (order.Cluster, order.Authority);
            if (order.Epoch < _epochs.GetValueOrDefault(authority))
                continue;
            _epochs[authority] = order.Epoch;
            await ExecuteAsync(order);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await HaltAsync();
        await _loop.Start(_engine.Dispose);
        _loop.Dispose();
        _halt.Dispose();
    }

    private async Task ExecuteAsync(CoordinatorMessage order)
    {
        switch (order.MessageCase)
        {
            case CoordinatorMessage.MessageOneofCase.ProbeRequest:
                await ProbeAsync();
                break;
            case CoordinatorMessage.MessageOneofCase.InspectData:
                _ = Task.Run(() => _outbox.Add(new WorkerMessage { DataFacts = DataInspection.Inspect(order.InspectData, _options) }));
                break;
            case CoordinatorMessage.MessageOneofCase.Halt when Concerns(order.Halt.Run) && order.Halt.Generation >= _generation:
                await HaltAsync();
                TransitionTo(order.Halt.Run, order.Halt.Generation, Stage.Halted, null);
                break;
            case CoordinatorMessage.MessageOneofCase.Prepare when Concerns(order.Prepare.Run) && order.Prepare.Generation > _generation:
                await HaltAsync();
                TransitionTo(order.Prepare.Run, order.Prepare.Generation, Stage.Preparing, order.Prepare);
                Start(token => Prepare(order.Prepare, token));
                break;
            case CoordinatorMessage.MessageOneofCase.Go when IsPresent(order.Go.Run, order.Go.Generation) && _stage == Stage.Ready:
                await _work;
                SetStage(Stage.Stepping);
                Start(token => Step(_plan!, token));
                break;
            case CoordinatorMessage.MessageOneofCase.Save when IsPresent(order.Save.Run, order.Save.Generation) && _engine.Held == order.Save.Version.ToVersion() && _work.IsCompleted:
                Start(_ => _engine.Save(order.Save.Attempt));
                await _work;
                break;
            case CoordinatorMessage.MessageOneofCase.Release when Concerns(order.Release.Run) && order.Release.Generation >= _generation:
                await HaltAsync();
                await _loop.Start(_engine.ReleaseRun);
                TransitionTo(order.Release.Run, order.Release.Generation, Stage.Idle, null);
                // What was begun between ticks is done in one go now.
                if (_evaluations.HasWork)
                    Start(_evaluations.Work);
                break;
            case CoordinatorMessage.MessageOneofCase.Evaluate when !_evaluations.Has(order.Evaluate):
                if (_stage != Stage.Idle)
                {
                    _evaluations.Take(order.Evaluate);
                    break;
                }
                await HaltAsync();
                _evaluations.Take(order.Evaluate);
                Start(_evaluations.Work);
                break;
            case CoordinatorMessage.MessageOneofCase.TakeSnapshot when IsPresent(order.TakeSnapshot.Run, order.TakeSnapshot.Generation):
                _engine.RequestSnapshot(order.TakeSnapshot);
                break;
        }
        _outbox.Wake();
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

    private void Prepare(Prepare order, CancellationToken halt)
    {
        _engine.Prepare(order, RankIn(order), halt);
        SetStage(Stage.Ready);
    }

    private void Step(Prepare order, CancellationToken halt)
    {
        var plan = PlanMessages.ToPlan(order);
        _engine.Step(order, plan, RankIn(order), halt);
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
                ReportTrouble(e.Message);
            }
        });
    }

    private void ReportTrouble(string trouble)
    {
        _engine.Leave();
        _say($"{_run}, generation {_generation}: {trouble}");
        lock (_gate)
            _trouble = trouble;
        _outbox.Wake();
    }

    private async Task HaltAsync()
    {
        await _halt.CancelAsync();
        await _work;
        await _loop.Start(_engine.Leave);
        _halt.Dispose();
        _halt = new();
    }

    /// <summary>Whoever is asked is no member, and works for nobody: it was taken for lost. The state stays at hand for the next generation.</summary>
    private async Task ProbeAsync()
    {
        await HaltAsync();
        if (_stage != Stage.Idle)
            TransitionTo(_run, _generation, Stage.Halted, null);
        await _loop.Start(() => _outbox.Add(new WorkerMessage { ProbeResult = AdmissionProbe.Run(_options.Device.ToTorch()) }));
    }
}
