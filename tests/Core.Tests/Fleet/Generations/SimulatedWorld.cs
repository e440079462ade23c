using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using static Atelier.Core.Tests.Fleet.Samples;

namespace Atelier.Core.Tests.Fleet.Generations;

/// <summary>
/// A coordinator, workers, and a network that delays, repeats and reorders everything; time is a number. What must never
/// happen is checked as it goes.
/// </summary>
internal sealed class SimulatedWorld
{
    private const ulong Seed = 12345;

    /// <summary>A lease, and what is under way: so long may a death go unnoticed.</summary>
    private const double UnnoticedSeconds = 20;

    private readonly Random _random;
    private readonly FleetSettings _fleetSettings = new();
    private readonly GenerationSettings _settings = new()
    {
        HaltDeadline = TimeSpan.FromSeconds(20),
        PrepareDeadline = TimeSpan.FromSeconds(60),
        ProgressDeadline = TimeSpan.FromSeconds(30),
        SaveDeadline = TimeSpan.FromSeconds(30),
    };

    private readonly PriorityQueue<Action, double> _network = new();
    private readonly Dictionary<Position, ulong> _canonical = new() { [Position.Start] = Seed };
    private readonly Dictionary<Position, ulong> _snapshots = [];
    private readonly Dictionary<(GenerationId, Position), Dictionary<Rank, ulong>> _sums = [];
    private readonly List<string> _log = [];
    private readonly List<(double Seconds, Position Held)> _deaths = [];
    private bool _isExcused;
    private FleetState _fleet = FleetState.Empty;
    private double _seconds;
    private Position _furthest;

    public SimulatedWorld(int seed, int workers, RunShape shape)
    {
        _random = new(seed);
        State = GenerationState.New(new("r"), shape);
        for (var i = 1; i <= workers; i++) Workers.Add(new(new($"w{i}"), 1, this));
    }

    public List<SimulatedWorker> Workers { get; } = [];

    public GenerationState State { get; private set; }

    public RunIntent Intent { get; set; } = RunIntent.Run;

    public Epoch Epoch { get; set; } = new(1);

    public HashSet<WorkerId> CutFromCoordinator { get; } = [];

    public HashSet<(WorkerId, WorkerId)> CutFromEachOther { get; } = [];

    public IEnumerable<SimulatedWorker> Alive => Workers.Where(worker => worker.IsAlive);

    /// <summary>The furthest position that a living process or a snapshot has.</summary>
    public Position Kept => Alive.Select(worker => worker.Held?.Position ?? default).Concat(_snapshots.Keys).DefaultIfEmpty().Max();

    public static Position After(Position position)
    {
        var phases = 2 + (position.Iteration % 4 == 0 ? 1 : 0) + (position.Iteration % 16 == 0 ? 1 : 0);
        return position.Phase + 1 < phases ? position with { Phase = position.Phase + 1 } : new(position.Iteration + 1, 0);
    }

    public static ulong Next(ulong bits, ulong sum) => (bits * 6364136223846793005) ^ (sum + 1442695040888963407);

    public void Require(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException($"{otherwise}\n{string.Join('\n', _log.TakeLast(40))}");
    }

    public void Note(string what) => _log.Add($"{_seconds:F1} {what}");

    /// <summary>A moment passes: messages arrive, workers work and report, the coordinator decides.</summary>
    public void Pass()
    {
        _seconds += 0.1 + _random.NextDouble();
        while (_network.TryPeek(out var deliver, out var at) && at <= _seconds)
        {
            _network.Dequeue();
            deliver();
        }

        foreach (var worker in Alive.OrderBy(_ => _random.Next()).ToList())
        {
            for (var acts = _random.Next(4); acts > 0; acts--) worker.Act();
            if (_random.Next(3) > 0) SendReport(worker);
        }

        Decide();
        Require(_isExcused || Kept >= _furthest, $"{_furthest} was committed and is gone, though nobody died");
        (_furthest, _isExcused) = (Kept, false);
    }

    /// <summary>A process dies, with all that it holds.</summary>
    public void Kill(SimulatedWorker worker)
    {
        Note($"{worker.Id} dies with {worker.Held}");
        worker.IsAlive = false;
        _deaths.Add((_seconds, worker.Held?.Position ?? default));
        _furthest = Kept;
    }

    /// <summary>A new process takes the name of a dead one.</summary>
    public void Start(SimulatedWorker dead)
    {
        Note($"{dead.Id} starts again");
        Workers.Remove(dead);
        Workers.Add(new(dead.Id, dead.Incarnation + 1, this) { SecondsPerShard = dead.SecondsPerShard });
    }

    public bool CanReach(SimulatedWorker from, GenerationMember to)
    {
        var other = Workers.Find(worker => worker.Id == to.Worker && worker.Incarnation == to.Incarnation && worker.IsAlive);
        if (other is null || CutFromEachOther.Contains((from.Id, to.Worker)) || CutFromEachOther.Contains((to.Worker, from.Id))) return false;
        // A peer that left the generation has closed its streams; what it sent before is there.
        return other.Generation == from.Generation || SumOf(from) is not null;
    }

    public void Contribute(SimulatedWorker worker)
    {
        var key = (worker.Generation, worker.Held!.Value.Position);
        if (!_sums.TryGetValue(key, out var sum)) _sums[key] = sum = [];
        sum[worker.Plan!.Find(worker.Id)!.Rank] = worker.Bits;
    }

    /// <summary>The sum of all ranks' parts, once all are there.</summary>
    public ulong? SumOf(SimulatedWorker worker) =>
        _sums.TryGetValue((worker.Generation, worker.Held!.Value.Position), out var sum) && sum.Count == worker.Plan!.Members.Count
            ? sum.OrderBy(part => part.Key.Index).Select(part => part.Value).Distinct().Aggregate((a, b) => (a * 31) ^ b)
            : null;

    public WaitingFor? WaitOf(SimulatedWorker worker)
    {
        if (worker is not { Stage: WorkerStage.Stepping, IsHung: false, Plan: { } plan, Held: { } held }) return null;
        if (!_sums.TryGetValue((worker.Generation, held.Position), out var sum) || !sum.ContainsKey(plan.Find(worker.Id)!.Rank)) return null;
        return plan.Members.FirstOrDefault(member => !sum.ContainsKey(member.Rank)) is { } missing ? new(missing.Rank, held.Position) : null;
    }

    public ulong? BitsFrom(GenerationPlan plan, SimulatedWorker to) => plan.Source.Origin switch
    {
        StateOrigin.Seed => Seed,
        StateOrigin.Snapshot => _snapshots[plan.Start.Position],
        _ => Alive.FirstOrDefault(worker => worker.Id == plan.Source.Worker && worker.Held == plan.Start
            && !CutFromEachOther.Contains((worker.Id, to.Id)) && !CutFromEachOther.Contains((to.Id, worker.Id)))?.Bits,
    };

    public void Committed(SimulatedWorker worker)
    {
        var position = worker.Held!.Value.Position;
        if (!_canonical.TryAdd(position, worker.Bits))
            Require(_canonical[position] == worker.Bits, $"{worker.Id} has other bits at {position} in {worker.Generation} than were committed there before");
        if (position.IsBetweenIterations && position.Iteration % 10 == 0 && _random.Next(2) == 0) CommitSnapshot(worker.Held.Value, worker.Bits);
    }

    public void CommitSnapshot(StateVersion version, ulong bits)
    {
        _snapshots[version.Position] = bits;
        State = GenerationReports.SnapshotCommitted(State, version);
    }

    /// <summary>A worker may be released when another process or a snapshot has its state; one that died unnoticed counts.</summary>
    public void RequireSafeWithout(SimulatedWorker released)
    {
        if (released.Held is not { } held) return;
        var others = Alive.Where(worker => worker != released).Select(worker => worker.Held?.Position ?? default).Concat(_snapshots.Keys).Append(Position.Start);
        if (others.Any(position => position >= held.Position)) return;
        var unnoticed = _deaths.Where(death => death.Seconds > _seconds - UnnoticedSeconds && death.Held >= held.Position);
        Require(unnoticed.Any(), $"{released.Id} is released with {released.Held}, which nobody else has");
        _isExcused = true;
    }

    private void SendReport(SimulatedWorker worker)
    {
        if (CutFromCoordinator.Contains(worker.Id)) return;
        var report = worker.Report();
        for (var copies = _random.Next(10) == 0 ? 2 : 1; copies > 0; copies--)
            Send(worker, () => Hear(worker, report));
    }

    private void Send(SimulatedWorker worker, Action deliver) => _network.Enqueue(
        () =>
        {
            if (!CutFromCoordinator.Contains(worker.Id)) deliver();
        },
        _seconds + (_random.NextDouble() * (_random.Next(5) == 0 ? 3 : 0.5)));

    private void Hear(SimulatedWorker worker, WorkerReport report)
    {
        // A report proves no life of a process that has died since.
        if (!worker.IsAlive) return;
        if (_fleet.Find(worker.Id)?.Incarnation != worker.Incarnation || _fleet.Find(worker.Id)!.Status == MemberStatus.Evicted)
        {
            var joined = MembershipPolicy.Join(_fleet, worker.Id, worker.Incarnation, Capabilities(), _fleetSettings, At(_seconds));
            if (joined.Actions[0] is Refuse)
            {
                Kill(worker);
                return;
            }

            _fleet = MembershipPolicy.Probed(joined.State, worker.Id, worker.Incarnation, "right").State;
        }

        if (worker.IsDraining) _fleet = MembershipPolicy.Drain(_fleet, worker.Id, worker.Incarnation);
        _fleet = MembershipPolicy.Renew(_fleet, new Dictionary<WorkerId, long> { [worker.Id] = worker.Incarnation }, _fleetSettings, At(_seconds));
        State = GenerationReports.Observe(State, report);
    }

    private void Decide()
    {
        _fleet = MembershipPolicy.Sweep(_fleet, _fleetSettings, At(_seconds)).State;
        var before = State;
        var decision = GenerationPolicy.Decide(State, View(), _settings, At(_seconds));
        State = decision.State;
        CheckStep(before);
        foreach (var action in decision.Actions)
        {
            switch (action)
            {
                case Tell tell:
                    var worker = Workers.Find(worker => worker.Id == tell.Worker)!;
                    for (var copies = _random.Next(10) == 0 ? 2 : 1; copies > 0; copies--)
                        Send(worker, () => worker.Receive(tell.Order));
                    break;
                case EvictWorker evict:
                    _fleet = MembershipPolicy.Evict(_fleet, evict.Worker, evict.Reason, evict.IsBan, _fleetSettings, At(_seconds)).State;
                    break;
                case LogEvent line:
                    Note(line.Text);
                    break;
            }
        }

        // Evictions are carried out by now, as the executor has to before it decides again.
        var again = GenerationPolicy.Decide(State, View(), _settings, At(_seconds));
        Require(again.State.Stage == State.Stage && again.State.Generation == State.Generation, $"deciding again goes from {State.Stage} to {again.State.Stage}");
    }

    private RunView View() => new(
        Epoch, Intent, [.. _fleet.Live(At(_seconds)).Select(member => new LiveWorker(member.Worker, member.Incarnation, member.Status == MemberStatus.Admitted))]);

    private void CheckStep(GenerationState before)
    {
        Require(State.Generation >= before.Generation && State.Generation.Number <= before.Generation.Number + 1, "generations rise one by one");
        if (State.Plan is { } plan && plan != before.Plan)
        {
            Note($"{plan.Id} is planned from {plan.Start} ({plan.Source.Origin} {plan.Source.Worker}) up to {plan.Limit}: {string.Join(" ", plan.Members.Select(member => $"{member.Worker}{member.Shards}"))}");
            var shards = plan.Members.SelectMany(member => Enumerable.Range(member.Shards.Start, member.Shards.Count));
            Require(shards.SequenceEqual(Enumerable.Range(0, State.Shape.Shards)), "ranges partition the shards in rank order");
            Require(plan.Members.Select((member, rank) => member.Rank.Index == rank).All(inOrder => inOrder), "ranks are in order");
            Require(plan.Members.Count <= State.Shape.Shards, "no more workers than shards");
        }

        if (State.Stage != GenerationStage.Running) return;
        foreach (var worker in Alive.Where(worker => State.Held.Contains(worker.Id) && worker.Stage == WorkerStage.Stepping))
            Require(worker.Generation == State.Generation, $"{worker.Id} steps in {worker.Generation} while {State.Generation} is live");
    }
}
