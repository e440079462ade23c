using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;

namespace Atelier.Core.Tests.Fleet.Generations;

public sealed class GenerationReportsTests
{
    [Fact]
    public void Observe_ManyReports_IsWhatOneAfterTheOtherLeadsTo() => Assert.All(Enumerable.Range(0, 100), Compare);

    [Fact]
    public void Observe_ReportsThatAreOutOfDate_ChangeNothing()
    {
        var report = new WorkerReport(new("w"), 2, 2, new(1), WorkerStage.Ready);
        var state = GenerationReports.Observe(GenerationState.New(new("r"), new(4, 1, 4, 100, 10)), report);

        Assert.Same(state, GenerationReports.Observe(state, [report, report with { Sequence = 1 }, report with { Incarnation = 1, Sequence = 9 }]));
    }

    private static void Compare(int seed)
    {
        var random = new Random(seed);
        List<WorkerReport> reports =
        [
            .. Enumerable.Range(0, random.Next(60)).Select(_ =>
                new WorkerReport(new($"w{random.Next(25)}"), random.Next(3), random.Next(5), new(random.Next(3)), WorkerStage.Halted)),
        ];
        var state = GenerationState.New(new("r"), new(25, 1, 25, 100, 10)) with { Held = [.. Enumerable.Range(0, 20).Select(worker => new WorkerId($"w{worker}"))] };
        var one = reports.Aggregate(state, GenerationReports.Observe);
        var first = reports.Take(random.Next(60)).ToList();
        var many = GenerationReports.Observe(GenerationReports.Observe(state, first), [.. reports.Skip(first.Count)]);

        Assert.Equal(one.Reports, many.Reports);
        Assert.Equal(one.Held, many.Held);
    }
}
