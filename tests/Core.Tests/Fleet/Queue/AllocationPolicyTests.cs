using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using FsCheck;
using FsCheck.Fluent;
using static Atelier.Core.Tests.Fleet.Samples;

namespace Atelier.Core.Tests.Fleet.Queue;

public class AllocationPolicyTests
{
    private static RunEntry Run(string name, int min, int max, int priority = 0, long order = 0) => new(new(name), priority, order, min, max);

    private static Member[] Workers(int count) => [.. Enumerable.Range(1, count).Select(i => Admitted($"w{i}"))];

    private static string Text(IEnumerable<Allocation> allocations) =>
        string.Join("; ", allocations.Select(allocation => $"{allocation.Run}: {string.Join(" ", allocation.Workers)}"));

    [Fact]
    public void Allocate_FreeWorkers_GoToTheHighestPriorityThatCanUseThem() =>
        Assert.Equal("high: w1 w2 w3; low: w4", Text(AllocationPolicy.Allocate([Run("low", 1, 4), Run("high", 1, 3, priority: 1)], Workers(4), [])));

    [Fact]
    public void Allocate_HigherPriorityArrives_TakesItsMinimumFromTheLower()
    {
        var low = Run("low", 1, 4);
        var before = AllocationPolicy.Allocate([low], Workers(4), []);
        Assert.Equal("low: w1 w2 w3 w4", Text(before));
        // Its minimum and no more: the others stay where they are.
        Assert.Equal("high: w3 w4; low: w1 w2", Text(AllocationPolicy.Allocate([low, Run("high", 2, 4, priority: 1)], Workers(4), before)));
    }

    [Fact]
    public void Allocate_TooFewForTheMinimum_ServesTheNextRun() =>
        Assert.Equal("low: w1 w2", Text(AllocationPolicy.Allocate([Run("high", 3, 3, priority: 1), Run("low", 1, 2)], Workers(2), [])));

    [Fact]
    public void Allocate_OtherNumerics_NeverShareARun()
    {
        Member[] workers = [Admitted("a1"), Admitted("b1", "n2"), Admitted("a2"), Admitted("b2", "n2"), Admitted("b3", "n2")];
        var allocations = AllocationPolicy.Allocate([Run("old", 1, 4) with { Numerics = "n1" }, Run("new", 1, 4, order: 1)], workers, []);
        Assert.Equal("old: a1 a2; new: b1 b2 b3", Text(allocations));
        Assert.Equal("n2", allocations[1].Numerics);
    }

    [Fact]
    public void Allocate_PausedRun_GetsNone() =>
        Assert.Empty(AllocationPolicy.Allocate([Run("r", 1, 2) with { Status = RunStatus.Paused }], Workers(2), []));

    [Fact]
    public void Available_WorkerThatAnotherRunHolds_HasToBeLetGoFirst() =>
        Assert.Equal(
            [Worker("w1")], AllocationPolicy.Available(new(new("r"), [Worker("w1"), Worker("w2")], "n1"), new HashSet<WorkerId> { Worker("w2") }));

    [Fact]
    public void Allocate_RandomFleets_KeepsBoundsAndMovesNobodyNeedlessly() =>
        Check.QuickThrowOnFailure(Prop.ForAll<int, byte, byte>((seed, runCount, workerCount) =>
        {
            var random = new Random(seed);
            RunEntry[] runs = [.. Enumerable.Range(0, runCount % 6).Select(i =>
            {
                var min = random.Next(1, 5);
                return Run($"r{i}", min, min + random.Next(4), random.Next(3), i);
            })];
            var fleet = Workers(20).Select(worker => random.Next(3) == 0 ? worker with { Capabilities = Capabilities("n2") } : worker).ToArray();
            var present = AllocationPolicy.Allocate(runs.Where(_ => random.Next(3) > 0), [.. fleet.Where(_ => random.Next(2) == 0)], []);
            Member[] now = [.. fleet.OrderBy(_ => random.Next()).Take(workerCount % 20)];
            var allocations = AllocationPolicy.Allocate(runs, now, present);

            var everyWorkerOnce = allocations.SelectMany(a => a.Workers).GroupBy(worker => worker).All(group => group.Count() == 1);
            var onlyLive = allocations.SelectMany(a => a.Workers).All(worker => now.Any(member => member.Worker == worker));
            var bounds = allocations.All(a => runs.Single(run => run.Run == a.Run) is var run && a.Workers.Count >= run.MinWorkers && a.Workers.Count <= run.MaxWorkers);
            var oneNumerics = allocations.All(a => a.Workers.All(worker => now.Single(member => member.Worker == worker).Capabilities.Numerics == a.Numerics));
            // Who is moved: the run kept as many of its former workers as it has places.
            var noNeedlessMove = allocations.All(a =>
            {
                var usable = present.FirstOrDefault(p => p.Run == a.Run)?.Workers
                    .Where(worker => now.FirstOrDefault(member => member.Worker == worker)?.Capabilities.Numerics == a.Numerics).ToList() ?? [];
                return a.Workers.Intersect(usable).Count() == Math.Min(usable.Count, a.Workers.Count);
            });
            var idle = now.Where(member => !allocations.Any(a => a.Workers.Contains(member.Worker))).ToList();
            var noneIdleInVain = allocations.All(a => a.Workers.Count == runs.Single(run => run.Run == a.Run).MaxWorkers || idle.All(member => member.Capabilities.Numerics != a.Numerics));
            var settled = Text(AllocationPolicy.Allocate(runs, now, allocations)) == Text(allocations);
            return everyWorkerOnce && onlyLive && bounds && oneNumerics && noNeedlessMove && noneIdleInVain && settled;
        }));
}
