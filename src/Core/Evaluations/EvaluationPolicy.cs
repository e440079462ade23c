namespace Atelier.Core.Evaluations;

public sealed record EvaluationSettings
{
    /// <summary>How long a free worker may report nothing about a part before another one gets it.</summary>
    public TimeSpan PartDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a worker that trains, and computes parts between ticks, may report nothing about one before another one gets it.</summary>
    public TimeSpan TrainerDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a worker may report nothing about a part before it is sent the order again: the first one may be lost.</summary>
    public TimeSpan TellAgain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an evaluation may take in all.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromDays(1);

    /// <summary>When this many workers have failed at a part, the evaluation fails.</summary>
    public int MostRefusals { get; init; } = 3;
}

/// <summary>A live worker, as evaluations see it.</summary>
/// <param name="Numerics">Digest of its numerics fingerprint.</param>
/// <param name="Run">The run that it trains; null for one that is free.</param>
public sealed record EvaluationWorker(string Worker, long Incarnation, string Numerics, string? Run);

/// <summary>What a worker reports about a part.</summary>
/// <param name="Text">For <see cref="PartNews.Failed"/> why; for <see cref="PartNews.Done"/> of the result, its line.</param>
public sealed record PartReport(EvaluationId Id, EvaluationPart Part, string Worker, long Incarnation, int Samples, PartNews News, string Text = "");

public enum PartNews
{
    Progress,

    /// <summary>What it leaves is in the store.</summary>
    Done,

    /// <summary>The statistics of the real images are in the store already: no part of that side is needed.</summary>
    SideKnown,

    /// <summary>The worker has other work.</summary>
    Declined,

    /// <summary>The worker cannot do it.</summary>
    Failed,
}

/// <summary>Tell a worker to do a part.</summary>
public sealed record GivePart(string Worker, EvaluationId Id, EvaluationPart Part);

/// <summary>What was decided about all evaluations.</summary>
public sealed record EvaluationDecision(IReadOnlyList<EvaluationState> Evaluations, IReadOnlyList<GivePart> Orders);

/// <summary>
/// Who computes which part of which evaluation. Free workers come first: while one is there that computes as the run does,
/// training is left alone; otherwise the run's own workers compute between ticks. A part whose worker is lost or silent goes
/// to another one; what is done stays done.
/// </summary>
public static class EvaluationPolicy
{
    /// <summary>Takes a worker's report into account.</summary>
    public static IReadOnlyList<EvaluationState> Observe(IReadOnlyList<EvaluationState> evaluations, PartReport report, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evaluations);
        ArgumentNullException.ThrowIfNull(report);
        return [.. evaluations.Select(evaluation => evaluation.Id == report.Id && evaluation.Outcome is null ? Observe(evaluation, report, now) : evaluation)];
    }

    /// <summary>Decides. Calling it again changes only what time has changed.</summary>
    /// <param name="evaluations">All evaluations, in the order in which they were asked for.</param>
    /// <param name="numerics">Digest of the numerics that each run computes under, by the run's name; a run that is missing has none yet.</param>
    public static EvaluationDecision Decide(
        IReadOnlyList<EvaluationState> evaluations, IReadOnlyList<EvaluationWorker> workers, IReadOnlyDictionary<string, string> numerics, EvaluationSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evaluations);
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(numerics);
        ArgumentNullException.ThrowIfNull(settings);
        var live = workers.ToDictionary(worker => worker.Worker);
        var states = evaluations.Select(evaluation => evaluation.Outcome is null ? Reclaim(evaluation, live, settings, now) : evaluation).ToList();
        var busy = states.SelectMany(evaluation => evaluation.Parts).Select(part => part.Holder?.Worker).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var orders = new List<GivePart>();
        for (var i = 0; i < states.Count; i++)
        {
            if (states[i].Outcome is not null || !numerics.TryGetValue(states[i].Id.Run, out var mine)) continue;
            var fitting = Fitting(states[i].Id.Run, mine, workers);
            states[i] = Give(FailWhereNobodyCan(states[i], fitting, settings), fitting, busy, orders, now);
        }

        orders.AddRange(Silent(states, orders, settings, now));
        return new(states, orders);
    }

    private static EvaluationState Observe(EvaluationState evaluation, PartReport report, DateTimeOffset now)
    {
        if (evaluation.Parts.FirstOrDefault(part => part.Part == report.Part) is not { IsDone: false } part) return evaluation;
        var isHolder = part.Holder is { } holder && (holder.Worker, holder.Incarnation) == (report.Worker, report.Incarnation);
        switch (report.News)
        {
            case PartNews.Done when report.Part.Side == EvaluationSide.Result:
                return evaluation.With(part with { IsDone = true, Holder = null }) with { Outcome = new(report.Text, null) };
            // Whichever worker did it, it is in the store.
            case PartNews.Done:
                return evaluation.With(part with { IsDone = true, Holder = null });
            case PartNews.SideKnown:
                return evaluation with { Parts = [.. evaluation.Parts.Select(other => other.Part.Side == report.Part.Side ? other with { IsDone = true, Holder = null } : other)] };
            case PartNews.Progress when isHolder:
                return evaluation.With(part with { Holder = part.Holder! with { HeardAt = now, Samples = Math.Clamp(report.Samples, 0, report.Part.Count) } });
            case PartNews.Declined when isHolder:
                return evaluation.With(part with { Holder = null });
            case PartNews.Failed when isHolder:
                return evaluation.With(part with { Holder = null, Refused = [.. part.Refused, report.Worker] }) with { LastError = report.Text };
            default:
                return evaluation;
        }
    }

    /// <summary>Takes parts back from workers that are gone or silent; fails evaluations that take too long.</summary>
    private static EvaluationState Reclaim(EvaluationState evaluation, Dictionary<string, EvaluationWorker> live, EvaluationSettings settings, DateTimeOffset now)
    {
        if (now - evaluation.RequestedAt > settings.Deadline)
            return evaluation with { Outcome = new(null, $"not measured within {settings.Deadline.TotalHours:0.#} hours") };
        foreach (var part in evaluation.Parts)
        {
            if (part.Holder is not { } holder) continue;
            var isThere = live.TryGetValue(holder.Worker, out var worker) && worker.Incarnation == holder.Incarnation;
            if (!isThere)
            {
                evaluation = evaluation.With(part with { Holder = null });
            }
            else if (worker!.Run is not null && now - holder.HeardAt > settings.TrainerDeadline)
            {
                // Halted, or its ticks are long: it is not to blame.
                evaluation = evaluation.With(part with { Holder = null });
            }
            else if (worker.Run is null && now - holder.HeardAt > settings.PartDeadline)
            {
                var error = $"no report from {holder.Worker} about {part.Part} for {settings.PartDeadline.TotalMinutes:0.#} minutes";
                evaluation = evaluation.With(part with { Holder = null, Refused = [.. part.Refused, holder.Worker] }) with { LastError = error };
            }
        }

        return evaluation;
    }

    private static List<EvaluationWorker> Fitting(string run, string numerics, IReadOnlyList<EvaluationWorker> workers)
    {
        var fitting = workers.Where(worker => worker.Numerics == numerics).ToList();
        var free = fitting.Where(worker => worker.Run is null).ToList();
        return free.Count > 0 ? free : [.. fitting.Where(worker => worker.Run == run)];
    }

    private static EvaluationState FailWhereNobodyCan(EvaluationState evaluation, List<EvaluationWorker> fitting, EvaluationSettings settings)
    {
        var hopeless = evaluation.Parts.Any(part => !part.IsDone && part.Refused.Count > 0
            && (part.Refused.Count >= settings.MostRefusals || (fitting.Count > 0 && fitting.TrueForAll(worker => part.Refused.Contains(worker.Worker)))));
        return hopeless
            ? evaluation with { Parts = [.. evaluation.Parts.Select(part => part with { Holder = null })], Outcome = new(null, evaluation.LastError) }
            : evaluation;
    }

    private static EvaluationState Give(EvaluationState evaluation, List<EvaluationWorker> fitting, HashSet<string> busy, List<GivePart> orders, DateTimeOffset now)
    {
        if (evaluation.Outcome is not null) return evaluation;
        var isReady = evaluation.IsReady;
        // The first part of the real side shows whether the others are needed.
        var isRealOpen = evaluation.Parts.FirstOrDefault(part => part.Part.Side == EvaluationSide.Real) is { IsDone: false, Holder: not null };
        foreach (var part in evaluation.Parts)
        {
            if (part.IsDone || part.Holder is not null || (part.Part.Side == EvaluationSide.Result && !isReady)) continue;
            if (part.Part.Side == EvaluationSide.Real && isRealOpen) continue;
            if (fitting.Find(worker => !busy.Contains(worker.Worker) && !part.Refused.Contains(worker.Worker)) is not { } worker) continue;
            busy.Add(worker.Worker);
            isRealOpen |= part.Part is { Side: EvaluationSide.Real, First: 0 };
            evaluation = evaluation.With(part with { Holder = new(worker.Worker, worker.Incarnation, now, 0) });
            orders.Add(new(worker.Worker, evaluation.Id, part.Part));
        }

        return evaluation;
    }

    private static IEnumerable<GivePart> Silent(List<EvaluationState> states, List<GivePart> given, EvaluationSettings settings, DateTimeOffset now) =>
        [.. from evaluation in states
            from part in evaluation.Parts
            where part.Holder is { } holder && now - holder.HeardAt > settings.TellAgain
            let order = new GivePart(part.Holder!.Worker, evaluation.Id, part.Part)
            where !given.Contains(order)
            select order];
}
