using System.Diagnostics;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Runs;
using Atelier.Core.Sharding;
using Atelier.Protos;
using Atelier.Storage.Snapshots;
using Atelier.Training.Exports;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Evaluations;
using Atelier.Worker.Interop;
using Atelier.Worker.Loop;
using Atelier.Worker.Peers.States;
using Atelier.Worker.Telemetry;
using StateOrigin = Atelier.Protos.StateOrigin;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Worker.Session;

/// <summary>
/// The work of a worker on a run: gets the state, joins the other members, steps. One thing at a time, all of it on one
/// thread, because libtorch keeps a pool of threads for each that calls it.
/// </summary>
/// <param name="peers">The other workers.</param>
/// <param name="numerics">The worker's fingerprint.</param>
/// <param name="evaluations">Evaluations, between two ticks.</param>
/// <param name="say">Told of what a person may want to know.</param>
internal sealed class RunEngine(WorkerOptions options, IPeerNetwork peers, NumericsFingerprint numerics, EvaluationWorker evaluations, Outbox outbox, Action<string> say, TimeProvider time) : IDisposable
{
    /// <summary>How much of a new measurement goes into the smoothed time of a shard.</summary>
    private const double Smoothing = 0.1;

    private RunContext? _context;
    private DataReading? _reading;
    private SliceWriter? _slices;
    private RunReporter? _notes;
    private StepInputs? _inputs;
    private TimeSpan _waitedBefore;
    private volatile HeldVersion? _held;
    private volatile WatchedReduction? _reduction;
    private IRankLinks? _links;
    private double _secondsPerShard;
    private readonly Preparation _preparation = new(outbox);

    /// <summary>The state that is held; null for none. From any thread.</summary>
    public StateVersion? Held => _held?.Version;

    /// <summary>The step of preparing that is under way; null for none. From any thread.</summary>
    public PreparationStatus? Preparation => _preparation.Now;

    /// <summary>The run whose data and lanes are at hand, with or without a state; null for none. Between two pieces of work.</summary>
    public string? Run => _context?.Run ?? _reading?.Identity.Run;

    /// <summary>The rank that the loop waits for; null while it computes. From any thread.</summary>
    public int? Awaited => _reduction?.Awaited;

    /// <summary>Smoothed time of an iteration's work on one shard; 0 until measured. From any thread.</summary>
    public double SecondsPerShard => Volatile.Read(ref _secondsPerShard);

    /// <summary>Phases applied so far by this process, for its log.</summary>
    public long PhasesApplied { get; private set; }

    /// <summary>Gets the state that a generation begins with, and meets its members.</summary>
    /// <param name="order">The generation.</param>
    /// <param name="cancellation">A halt.</param>
    /// <exception cref="Exception">It cannot; the message is the trouble that the coordinator is told.</exception>
    public void Prepare(Prepare order, int rank, CancellationToken cancellation)
    {
        var start = order.Start.ToVersion();
        var context = Open(RunIdentity.Of(order), cancellation);
        if (Held != start)
        {
            // A half loaded state is none.
            Hold(null);
            peers.Offer(order.Run, null);
            Load(order, start, cancellation);
            Hold(start);
        }
        peers.Offer(order.Run, new HeldState(start, context.State));
        _slices ??= new SliceWriter(context, numerics, outbox, time);
        _notes ??= new RunReporter(context, [_slices, new EvaluationTimeSlices(evaluations, ImageCount.FromKimg(context.Spec.TickKimg), time)], outbox, () => _waitedBefore + (_inputs?.Waited ?? TimeSpan.Zero), time);
        Leave();
        _preparation.Begin(PrepareStep.MeetingPeers);
        _links = order.Members.Count > 1 ? peers.MeetAsync(order, rank, cancellation).GetAwaiter().GetResult() : null;
        _preparation.End();
    }

    /// <summary>Gets ready for a run while its members go on without this worker: all of preparing but the state and the peers.</summary>
    /// <exception cref="Exception">It cannot; the message says why.</exception>
    public void Warm(Warm order, CancellationToken cancellation)
    {
        Open(RunIdentity.Of(order), cancellation);
        _preparation.End();
    }

    /// <summary>Whether a run is warm. Between two pieces of work.</summary>
    public bool IsWarm(Warm order) => _context?.Fits(RunIdentity.Of(order)) == true;

    /// <summary>Runs phases until the generation's limit or a halt.</summary>
    /// <param name="order">The generation, which was prepared.</param>
    /// <param name="plan">The same, for decisions.</param>
    /// <param name="trace">What iterations and snapshots belong to.</param>
    /// <param name="cancellation">A halt: takes effect before or after a phase.</param>
    public void Step(Prepare order, GenerationPlan plan, int rank, ActivityContext trace, CancellationToken cancellation)
    {
        var (context, state) = (_context!, _context!.State);
        peers.Offer(context.Run, null);
        try
        {
            IPhaseReduction inner = _links is null
                ? new SoloReduction(context.Spec.Shards)
                : Join([.. plan.Members.Select(member => member.Shards)], _links, rank, cancellation);
            using var exchange = inner as DeviceReduction;
            var reduction = _reduction = new WatchedReduction(inner, context.Run, () => (inner as CollectiveReduction)?.Awaited, time);
            _slices!.Join(plan.Id, rank, plan.Members.Count, trace);
            _notes!.Join(rank == 0);
            using var inputs = _inputs = context.Inputs(reduction.Held);
            int lineage = plan.Start.Lineage;
            var meter = new StepMeter(context.Run, reduction.Held.Count / (double)context.Spec.Shards, ImageCount.FromKimg(context.Spec.TickKimg), () => inputs.Waited, trace, time);
            var step = new TrainStep(context.Lanes, reduction, context.Spec.ToStep())
            {
                PhaseApplied = phase =>
                {
                    PhasesApplied++;
                    meter.PhaseApplied(phase);
                    Hold(new StateVersion(lineage, new(state.Iteration, state.PhasesDone)));
                },
            };
            var limit = context.Spec.Minibatches.After(new ImageCount(state.ImageCount), plan.Limit.Iteration - state.Iteration);
            var speed = new Speed(this, reduction, time);
            new TrainingLoop(step, inputs, new StopFlag(), [speed, meter, _notes, new ReplicaChecks(context, plan, rank, outbox), speed.Restart, meter.Next]).Run(state, limit, context.Statistics, cancellation);
            if (rank == 0)
                _notes.WriteLast(state);
        }
        finally
        {
            _waitedBefore += _inputs?.Waited ?? TimeSpan.Zero;
            (_inputs, _reduction) = (null, null);
            Leave();
            peers.Offer(context.Run, _held is { } held ? new HeldState(held.Version, state) : null);
        }
    }

    /// <summary>The sum over a generation's members: between GPUs where all of them can, else through host memory.</summary>
    private IPhaseReduction Join(IReadOnlyList<ShardRange> ranges, IRankLinks links, int rank, CancellationToken cancellation)
    {
        var host = new CollectiveReduction(ranges, links, options.PeerPatience, time);
        if (options.Device.Type != TorchSharp.DeviceType.CUDA)
            return host;
        var found = NcclLibrary.Find(options.Device.Index ?? 0);
        var exchange = new NcclWorld(host, ranges, rank).Join(found?.Imports, found?.Stream ?? (() => 0), say, cancellation);
        return exchange is null ? host : new DeviceReduction(ranges, exchange, options.PeerPatience, time);
    }

    /// <summary>Writes the whole held state, which stands still.</summary>
    public void Save(long attempt)
    {
        if (_slices is not { } slices)
            return;
        slices.SaveAsync(_context!.State, attempt).GetAwaiter().GetResult();
        _notes!.WriteLast(_context.State);
    }

    /// <summary>A snapshot besides those that are due.</summary>
    public void RequestSnapshot(TakeSnapshot order) => _slices?.Request(order);

    /// <summary>
    /// Saves the held state without a coordinator: finishes the iteration, which has the same bits whoever computes it, and writes
    /// a whole snapshot, unless one that is as new is there.
    /// </summary>
    /// <param name="say">Told what became of it.</param>
    /// <param name="late">Ends it.</param>
    public void SaveAlone(Action<string> say, CancellationToken late)
    {
        if (_context is not { } context || Held is not { } held)
            return;
        FinishIteration(context, held.Lineage, late);
        if (context.State.ImageCount == 0)
            return;
        var store = context.Store(time);
        var name = new SnapshotName(context.Branch, new ImageCount(context.State.ImageCount));
        if (store.FactsAsync(null, late).GetAwaiter().GetResult().Values.Any(written => written.CompareTo(name) >= 0))
        {
            say($"no other worker took over {context.Run}; a snapshot as new as {name} exists");
            return;
        }
        var content = context.Content(context.State, StateSections.Hash(context.State), numerics) with { TickSums = context.Statistics.Save() };
        say(store.WriteAsync(content, [StateSections.Parts(context.State)], late).GetAwaiter().GetResult() switch
        {
            SnapshotWriteResult.Failed(_, var reason, _) => $"could not write snapshot {name} of {context.Run}: {reason}",
            _ => $"no other worker took over {context.Run}; saved snapshot {name}",
        });
    }

    /// <summary>Lets the peers of a former cluster go: generations are counted anew.</summary>
    public void LeaveCluster()
    {
        Leave();
        if (_context is { } context)
            peers.Forget(context.Run);
    }

    /// <summary>Leaves the members of the last generation: their waits for this worker end.</summary>
    public void Leave()
    {
        _links?.Dispose();
        _links = null;
    }

    /// <summary>Lets the run go, with all that is held of it.</summary>
    public void ReleaseRun()
    {
        StopReading();
        CloseContext();
    }

    /// <summary>Ends the reading of data that is under way.</summary>
    public void StopReading()
    {
        _reading?.Dispose();
        _reading = null;
    }

    /// <inheritdoc/>
    public void Dispose() => ReleaseRun();

    private void CloseContext()
    {
        Leave();
        _slices?.Finish();
        if (_context is { } context)
        {
            peers.Offer(context.Run, null);
            peers.Forget(context.Run);
            WorkerMetrics.Forget(context.Run);
        }
        _context?.Dispose();
        (_context, _slices, _notes, _secondsPerShard) = (null, null, null, 0);
        Hold(null);
    }

    /// <summary>The run's context, made if need be. After a failure or a halt there is none.</summary>
    private RunContext Open(RunIdentity identity, CancellationToken cancellation)
    {
        if (_context?.Fits(identity) == true)
            return _context;
        CloseContext();
        if (_reading?.Identity != identity)
        {
            StopReading();
            _reading = new DataReading(identity, options, _preparation);
        }
        try
        {
            var dataset = _reading.Take(cancellation);
            StopReading();
            return _context = new RunContext(identity, dataset, options, _preparation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // It is tried anew with the next order.
            StopReading();
            throw;
        }
    }

    /// <summary>Whose fault it is that a generation could not go on.</summary>
    public static Protos.TroubleKind KindOf(Exception trouble) => trouble switch
    {
        CollectiveException or PeerStateException or Grpc.Core.RpcException => Protos.TroubleKind.Peer,
        StoreUnreadableException => Protos.TroubleKind.Store,
        _ => Protos.TroubleKind.Own,
    };

    private void FinishIteration(RunContext context, int lineage, CancellationToken late)
    {
        var state = context.State;
        if (state.PhasesDone == 0)
            return;
        peers.Offer(context.Run, null);
        var all = new ShardRange(0, context.Spec.Shards);
        using var inputs = context.Inputs(all);
        var step = new TrainStep(context.Lanes, new SoloReduction(context.Spec.Shards), context.Spec.ToStep())
        {
            PhaseApplied = _ =>
            {
                PhasesApplied++;
                Hold(new StateVersion(lineage, new(state.Iteration, state.PhasesDone)));
            },
        };
        step.Run(state, inputs.At(state.Iteration, new ImageCount(state.ImageCount), late).Of, context.Statistics, late);
    }

    private void Load(Prepare order, StateVersion start, CancellationToken cancellation)
    {
        var state = _context!.State;
        _context.Statistics.Reset();
        long bytes = StateSections.Describe(state).Sum(section => section.Bytes);
        switch (order.Origin)
        {
            case StateOrigin.Seed:
                _preparation.Begin(PrepareStep.LoadingState);
                InitialState.Fill(state, _context.Spec.Seed);
                if (_context.Init is { } init)
                    NetworkFile.Initialise(state, init);
                state.SetCounters(0, 0, 0, 0);
                break;
            case StateOrigin.Snapshot:
                var name = SnapshotName.TryParse(order.Snapshot) ?? throw new UserErrorException($"`{order.Snapshot}` is not a snapshot name");
                // Read twice: to check the hash, then to load.
                _preparation.Begin(PrepareStep.LoadingState, 2 * bytes);
                try
                {
                    using var snapshot = _context.Store(time, _preparation, cancellation).OpenAsync(name, cancellation).GetAwaiter().GetResult();
                    StateSections.Load(snapshot, state);
                    _context.Statistics.Load(snapshot.Manifest.TickSums);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw new StoreUnreadableException(order.RunStore, e);
                }
                break;
            case StateOrigin.Worker:
                _preparation.Begin(PrepareStep.FetchingState, bytes);
                peers.FetchAsync(order.SourceAddress, order.Run, start, state, _preparation.Reach, cancellation).GetAwaiter().GetResult();
                break;
            default:
                throw new UserErrorException("the order does not say where the state comes from (different versions of Atelier?)");
        }
        if (new Position(state.Iteration, state.PhasesDone) is var position && position != start.Position)
            throw new UserErrorException($"{order.Origin} sent the state at {position}, not at {start.Position}");
    }

    private void Hold(StateVersion? version)
    {
        _held = version is { } held ? new HeldVersion(held) : null;
        outbox.Progressed();
    }

    /// <summary>Version in one reference, so that another thread reads it whole.</summary>
    private sealed record HeldVersion(StateVersion Version);

    /// <summary>Measures an iteration's work on one shard: first of the observers, so that what the others do does not count.</summary>
    private sealed class Speed(RunEngine engine, WatchedReduction reduction, TimeProvider time) : ILoopObserver
    {
        private long _since = time.GetTimestamp();
        private TimeSpan _takenBefore;

        /// <summary>Last of the observers: the next iteration begins.</summary>
        public ILoopObserver Restart => new Begin(this);

        public void AfterIteration(LoopMoment moment)
        {
            double seconds = (time.GetElapsedTime(_since) - (reduction.Taken - _takenBefore)).TotalSeconds / Math.Max(1, reduction.Held.Count);
            double former = engine._secondsPerShard;
            Volatile.Write(ref engine._secondsPerShard, former == 0 ? seconds : former + (Smoothing * (seconds - former)));
        }

        private sealed class Begin(Speed speed) : ILoopObserver
        {
            public void AfterIteration(LoopMoment moment) => speed.BeginNext();
        }

        private void BeginNext() => (_since, _takenBefore) = (time.GetTimestamp(), reduction.Taken);
    }
}

/// <summary>The run's store could not be read now; what is in it may well be whole.</summary>
internal sealed class StoreUnreadableException(string store, Exception cause) : IOException($"cannot read {store}: {cause.Message}", cause);
