using System.Globalization;

namespace Atelier.Core.Alerts;

/// <summary>What a person should be told of a run. deploy/prometheus/alerts.yml has a rule of the same name and threshold for each.</summary>
public enum AlertKind
{
    /// <summary>The run should go on, and nothing is committed.</summary>
    StalledRun,

    /// <summary>Gradients of the last tick had elements that were NaN or infinite.</summary>
    NonFiniteGradients,

    /// <summary>Workers had different states: memory or a device is damaged.</summary>
    ReplicasDiffer,

    /// <summary>Workers come and go, and end one generation after the other.</summary>
    FlappingWorkers,

    /// <summary>The first metric is many times as bad as it was.</summary>
    MetricExplosion,

    /// <summary>The run's store has little room left.</summary>
    DiskNearlyFull,

    /// <summary>Metrics were asked for, and nobody measures.</summary>
    StarvingEvaluations,
}

/// <summary>What alerts of a run are decided by.</summary>
public sealed record AlertFacts
{
    /// <summary>How long nothing was committed; null for a run that has not begun, or is not to go on.</summary>
    public TimeSpan? Standstill { get; init; }

    /// <summary>Gradient elements of the last tick that were NaN or infinite.</summary>
    public long NonFinite { get; init; }

    /// <summary>Since workers last had different states; null for never.</summary>
    public TimeSpan? SinceDisagreement { get; init; }

    /// <summary>Generations within <see cref="AlertSettings.LossWindow"/> that ended because of a worker.</summary>
    public int Losses { get; init; }

    /// <summary>How many times as bad as the best the newest value of the first metric is; null before the second.</summary>
    public double? Degradation { get; init; }

    /// <summary>So many times as bad is an explosion, by the run's spec.</summary>
    public double Explosion { get; init; }

    /// <summary>Free space of the run's store; null where that is not known.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Size of the newest snapshot; 0 before the first.</summary>
    public long SnapshotBytes { get; init; }

    /// <summary>How long no sample of an evaluation was computed that is waited for; null for none.</summary>
    public TimeSpan? EvaluationStandstill { get; init; }
}

/// <summary>Thresholds of alerts.</summary>
public sealed record AlertSettings
{
    /// <summary>A run that commits nothing for so long has stalled.</summary>
    public TimeSpan Standstill { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long is looked back for generations that ended because of workers.</summary>
    public TimeSpan LossWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>So many of them are too many.</summary>
    public int MostLosses { get; init; } = 5;

    /// <summary>How long different states of workers are told of.</summary>
    public TimeSpan Disagreement { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Less free space than this is little.</summary>
    public long LeastFreeBytes { get; init; } = 1 << 30;

    /// <summary>Less free space than so many snapshots is little.</summary>
    public int LeastFreeSnapshots { get; init; } = 4;

    /// <summary>An evaluation of which no sample is computed for so long starves.</summary>
    public TimeSpan EvaluationStandstill { get; init; } = TimeSpan.FromMinutes(30);
}

/// <summary>An alert that a run has.</summary>
/// <param name="Since">When it was raised.</param>
/// <param name="Text">What is the matter, as it was then.</param>
public sealed record ActiveAlert(AlertKind Kind, DateTimeOffset Since, string Text);

/// <summary>What has changed about a run's alerts.</summary>
/// <param name="Active">Those that it has now, in the order of their kinds.</param>
/// <param name="Raised">Those of them that are new.</param>
/// <param name="Cleared">Those that are over.</param>
public sealed record AlertDecision(IReadOnlyList<ActiveAlert> Active, IReadOnlyList<ActiveAlert> Raised, IReadOnlyList<ActiveAlert> Cleared);

/// <summary>Which alerts a run has.</summary>
public static class AlertPolicy
{
    /// <summary>Decides.</summary>
    /// <param name="active">The alerts that it had.</param>
    public static AlertDecision Decide(IReadOnlyList<ActiveAlert> active, AlertFacts facts, AlertSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(active);
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(settings);
        List<ActiveAlert> present = [], raised = [];
        foreach (var kind in Enum.GetValues<AlertKind>())
        {
            if (TextOf(kind, facts, settings) is not { } text)
                continue;
            var known = active.FirstOrDefault(alert => alert.Kind == kind);
            present.Add(known ?? new(kind, now, text));
            if (known is null) raised.Add(present[^1]);
        }

        return new(present, raised, [.. active.Where(alert => present.TrueForAll(other => other.Kind != alert.Kind))]);
    }

    /// <summary>What is the matter; null for nothing.</summary>
    private static string? TextOf(AlertKind kind, AlertFacts facts, AlertSettings settings) => kind switch
    {
        AlertKind.StalledRun => facts.Standstill > settings.Standstill ? $"no progress for {Minutes(facts.Standstill.Value)}" : null,
        AlertKind.NonFiniteGradients => facts.NonFinite > 0 ? $"gradients in the last tick had {facts.NonFinite} NaN or infinite elements" : null,
        AlertKind.ReplicasDiffer => facts.SinceDisagreement <= settings.Disagreement ? "workers had different states, which should be identical" : null,
        AlertKind.FlappingWorkers => facts.Losses >= settings.MostLosses ? $"{facts.Losses} generations ended within {Minutes(settings.LossWindow)} because of worker problems" : null,
        AlertKind.MetricExplosion => facts.Degradation > facts.Explosion || facts.Degradation is double.NaN
            ? string.Create(CultureInfo.InvariantCulture, $"the first metric is {facts.Degradation:0.#} times as bad as its best value") : null,
        AlertKind.DiskNearlyFull => facts.FreeBytes < Math.Max(settings.LeastFreeBytes, settings.LeastFreeSnapshots * facts.SnapshotBytes)
            ? string.Create(CultureInfo.InvariantCulture, $"only {facts.FreeBytes / 1048576.0:0} MiB left for the run folder; a snapshot takes {facts.SnapshotBytes / 1048576.0:0} MiB") : null,
        AlertKind.StarvingEvaluations => facts.EvaluationStandstill > settings.EvaluationStandstill
            ? $"metrics are pending, but no sample was computed for {Minutes(facts.EvaluationStandstill.Value)}" : null,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown alert."),
    };

    private static string Minutes(TimeSpan time) => time < TimeSpan.FromMinutes(2)
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s") : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min");
}
