using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Tests.Fleet.Generations;

/// <summary>Random histories of everything that can go wrong, over a simulated world that checks itself.</summary>
public class GenerationHistoryTests
{
    private const int Patience = 4000;

    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    /// <summary>The same histories every time, so that a change is judged by what it changes; other ones in the long version.</summary>
    private static IEnumerable<int> Seeds
    {
        get
        {
            if (!Soak) return Enumerable.Range(0, 200);
            var random = new Random();
            return Enumerable.Range(0, 5000).Select(_ => random.Next());
        }
    }

    [Fact]
    public void Decide_RandomHistories_UndoNothingAndGoOnWhenFaultsStop() => Assert.All(Seeds, Live);

    private static void Live(int seed)
    {
        var random = new Random(seed);
        var shards = random.Next(1, 9);
        var workers = random.Next(1, 6);
        var max = random.Next(1, Math.Min(shards, workers) + 1);
        var world = new SimulatedWorld(seed, workers, new(shards, random.Next(1, max + 1), max, 1_000_000, 4));
        for (var moment = 0; moment < 400; moment++)
        {
            if (random.Next(8) == 0) Disturb(world, random);
            world.Pass();
        }

        Heal(world);
        var goal = world.Kept.Iteration + 5;
        for (var moment = 0; moment < Patience && world.State.Reached.Iteration < goal; moment++)
        {
            // A stall from before may still cost somebody its place; whoever runs the machines starts it again.
            if (moment % 50 == 0) Restart(world);
            world.Pass();
        }

        world.Require(world.State.Reached.Iteration >= goal, $"the run stands at {world.State.Reached} in {world.State.Stage} ({world.State.Reason}) though all is well");
        StandStill(world, RunIntent.Pause, RunStatus.Paused);
    }

    [Fact]
    public void Decide_ARunToItsEnd_FinishesSavedAndReleasesAll()
    {
        var world = new SimulatedWorld(1, 3, new(8, 1, 3, 23, 4));
        StandStill(world, RunIntent.Run, RunStatus.Finished);
        Assert.Equal(new Position(23, 0), world.State.Durable.Position);
    }

    private static void StandStill(SimulatedWorld world, RunIntent intent, RunStatus status)
    {
        world.Intent = intent;
        for (var moment = 0; moment < Patience && !(world.State.Status(intent) == status && world.Alive.All(worker => worker.Stage == WorkerStage.Idle)); moment++)
            world.Pass();
        world.Require(world.State.Status(intent) == status, $"the run is {world.State.Status(intent)} in {world.State.Stage} ({world.State.Reason})");
        world.Require(world.State.Durable.Position == world.State.Reached, $"{world.State.Reached} was reached, {world.State.Durable} is saved");
        world.Require(world.Alive.All(worker => worker.Held is null), "all workers are released");
    }

    private static void Disturb(SimulatedWorld world, Random random)
    {
        var worker = world.Workers[random.Next(world.Workers.Count)];
        var other = world.Workers[random.Next(world.Workers.Count)];
        switch (random.Next(10))
        {
            case 0 when worker.IsAlive:
                world.Kill(worker);
                break;
            case 1 when worker.IsAlive:
                world.Note($"{worker.Id} hangs");
                worker.IsHung = true;
                break;
            case 2 when worker.IsAlive:
                world.Note($"{worker.Id} is to leave");
                worker.IsDraining = true;
                break;
            case 3:
                world.Note($"{worker.Id} loses the coordinator");
                world.CutFromCoordinator.Add(worker.Id);
                break;
            case 4 when worker != other:
                world.Note($"{worker.Id} loses {other.Id}");
                world.CutFromEachOther.Add((worker.Id, other.Id));
                break;
            case 5:
                world.CutFromCoordinator.Clear();
                world.CutFromEachOther.Clear();
                break;
            case 6:
                world.Intent = world.Intent == RunIntent.Run ? RunIntent.Pause : RunIntent.Run;
                world.Note($"{world.Intent} is wanted");
                break;
            case 7:
                world.Note("another coordinator takes over");
                world.Epoch = world.Epoch.Next();
                break;
            case 8:
                worker.SecondsPerShard = 1 + (random.NextDouble() * 3);
                break;
            default:
                Restart(world);
                break;
        }
    }

    private static void Heal(SimulatedWorld world)
    {
        world.Note("all is well from here on");
        world.CutFromCoordinator.Clear();
        world.CutFromEachOther.Clear();
        world.Intent = RunIntent.Run;
        foreach (var hung in world.Workers.Where(worker => worker.IsHung || worker.IsDraining).ToList()) world.Kill(hung);
        Restart(world);
    }

    private static void Restart(SimulatedWorld world)
    {
        foreach (var dead in world.Workers.Where(worker => !worker.IsAlive).ToList()) world.Start(dead);
    }
}
