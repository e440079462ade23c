using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;

namespace Atelier.Core.Tests.Fleet.Generations;

/// <summary>A worker process that obeys the protocol. Its "weights" are a number that depends on all that it ever added up.</summary>
internal sealed class SimulatedWorker(WorkerId id, long incarnation, SimulatedWorld world)
{
    private long _sequence;
    private Epoch _epoch;
    private string? _trouble;
    private bool _contributed;

    public WorkerId Id { get; } = id;

    public long Incarnation { get; } = incarnation;

    public bool IsAlive { get; set; } = true;

    public bool IsHung { get; set; }

    public bool IsDraining { get; set; }

    public GenerationId Generation { get; private set; }

    public WorkerStage Stage { get; private set; }

    public GenerationPlan? Plan { get; private set; }

    public StateVersion? Held { get; private set; }

    public ulong Bits { get; private set; }

    public double SecondsPerShard { get; set; } = 1;

    public WorkerReport Report() =>
        new(Id, Incarnation, ++_sequence, Generation, Stage, Held, world.WaitOf(this), _trouble, SecondsPerShard, TroubleCause.Peer);

    public void Receive(WorkerOrder order)
    {
        if (order.Epoch < _epoch) return;
        _epoch = order.Epoch;
        switch (order)
        {
            // A hung loop obeys no order; its session goes on renewing the lease.
            case { } when IsHung:
                break;
            case HaltOrder when order.Generation >= Generation:
                Turn(order.Generation, WorkerStage.Halted, null);
                break;
            case PrepareOrder prepare when order.Generation > Generation:
                world.Require(!(Held > prepare.Plan.Start), $"{Id} holds {Held} and is to go back to {prepare.Plan.Start}");
                Turn(order.Generation, WorkerStage.Preparing, prepare.Plan);
                break;
            case GoOrder when order.Generation == Generation && Stage == WorkerStage.Ready:
                Stage = WorkerStage.Stepping;
                break;
            case SaveOrder save when order.Generation == Generation && Held == save.Version:
                world.CommitSnapshot(save.Version, Bits);
                break;
            case ReleaseOrder when order.Generation >= Generation:
                world.RequireSafeWithout(this);
                Turn(order.Generation, WorkerStage.Idle, null);
                Held = null;
                if (IsDraining) IsAlive = false;
                break;
        }
    }

    /// <summary>A moment of work.</summary>
    public void Act()
    {
        if (IsHung) return;
        if (Stage == WorkerStage.Preparing) Fetch();
        else if (Stage == WorkerStage.Stepping) Step();
    }

    private void Fetch()
    {
        if (Held != Plan!.Start)
        {
            if (world.BitsFrom(Plan, this) is not { } bits)
            {
                _trouble = "the state cannot be fetched";
                return;
            }

            (Held, Bits) = (Plan.Start, bits);
        }

        Stage = WorkerStage.Ready;
    }

    private void Step()
    {
        if (Held!.Value.Position >= Plan!.Limit)
        {
            Stage = WorkerStage.Halted;
            return;
        }

        if (!_contributed) world.Contribute(this);
        _contributed = true;
        if (Plan.Members.FirstOrDefault(member => !world.CanReach(this, member)) is { } unreachable)
        {
            _trouble = $"the stream to {unreachable.Worker} broke";
            return;
        }

        if (world.SumOf(this) is not { } sum) return;
        Bits = SimulatedWorld.Next(Bits, sum);
        Held = Held.Value with { Position = SimulatedWorld.After(Held.Value.Position) };
        _contributed = false;
        world.Committed(this);
    }

    private void Turn(GenerationId generation, WorkerStage stage, GenerationPlan? plan)
    {
        // An order that is carried out already changes nothing.
        if (generation == Generation && stage == Stage) return;
        (Generation, Stage, Plan, _trouble, _contributed) = (generation, stage, plan, null, false);
    }
}
