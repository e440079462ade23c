using Atelier.Core.Alerts;

namespace Atelier.Core.Tests.Alerts;

public sealed class AlertPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly AlertSettings Settings = new();

    public static TheoryData<AlertKind, AlertFacts, AlertFacts> Edges => new()
    {
        { AlertKind.StalledRun, new() { Standstill = Settings.Standstill }, new() { Standstill = Settings.Standstill + TimeSpan.FromSeconds(1) } },
        { AlertKind.NonFiniteGradients, new(), new() { NonFinite = 1 } },
        { AlertKind.ReplicasDiffer, new() { SinceDisagreement = Settings.Disagreement + TimeSpan.FromSeconds(1) }, new() { SinceDisagreement = Settings.Disagreement } },
        { AlertKind.FlappingWorkers, new() { Losses = Settings.MostLosses - 1 }, new() { Losses = Settings.MostLosses } },
        { AlertKind.MetricExplosion, new() { Degradation = 3, Explosion = 3 }, new() { Degradation = 3.01, Explosion = 3 } },
        { AlertKind.MetricExplosion, new() { Explosion = 3 }, new() { Degradation = double.PositiveInfinity, Explosion = 3 } },
        { AlertKind.DiskNearlyFull, new() { FreeBytes = Settings.LeastFreeBytes }, new() { FreeBytes = Settings.LeastFreeBytes - 1 } },
        { AlertKind.DiskNearlyFull, new() { FreeBytes = 4L << 30, SnapshotBytes = 1 << 30 }, new() { FreeBytes = (4L << 30) - 1, SnapshotBytes = 1 << 30 } },
        { AlertKind.StarvingEvaluations, new() { EvaluationStandstill = Settings.EvaluationStandstill }, new() { EvaluationStandstill = Settings.EvaluationStandstill + TimeSpan.FromSeconds(1) } },
    };

    [Theory]
    [MemberData(nameof(Edges))]
    public void Decide_AtTheEdge_RaisesBeyondItOnce(AlertKind kind, AlertFacts well, AlertFacts ill)
    {
        Assert.Empty(AlertPolicy.Decide([], well, Settings, Now).Active);

        var raised = AlertPolicy.Decide([], ill, Settings, Now);
        Assert.Equal([kind], raised.Raised.Select(alert => alert.Kind));

        var later = AlertPolicy.Decide(raised.Active, ill, Settings, Now.AddMinutes(1));
        Assert.Empty(later.Raised);
        Assert.Equal(raised.Active, later.Active);

        var over = AlertPolicy.Decide(later.Active, well, Settings, Now.AddMinutes(2));
        Assert.Equal(raised.Active, over.Cleared);
        Assert.Empty(over.Active);
    }

    [Fact]
    public void Decide_ARunThatIsNotToGoOn_HasNotStalled() => Assert.Empty(AlertPolicy.Decide([], new() { Standstill = null }, Settings, Now).Active);

    [Fact]
    public void Decide_SeveralAtOnce_AreToldApart()
    {
        var decision = AlertPolicy.Decide([], new() { NonFinite = 3, FreeBytes = 0 }, Settings, Now);
        Assert.Equal([AlertKind.NonFiniteGradients, AlertKind.DiskNearlyFull], decision.Raised.Select(alert => alert.Kind));
        Assert.Contains("3 NaN or infinite elements", decision.Raised[0].Text, StringComparison.Ordinal);
    }
}
