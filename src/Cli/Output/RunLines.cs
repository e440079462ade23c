using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Output;

/// <summary>Runs and workers as text and as JSON.</summary>
internal static class RunLines
{
    private const string Unknown = "-";

    /// <summary>One line per run, below a heading.</summary>
    public static IEnumerable<string> Table(IEnumerable<Run> runs) => TextTable.Lines(
        ["run", "status", ">%", ">kimg", ">img/s", ">ETA", ">loss G", ">D", "metric", ">workers", "reason"],
        runs.Select(run => (string[])[
            run.Run_, Status(run), RunProgress.Percent(new(run.Images), new(run.TargetImages)), Progress(run), Rate(run), Remaining(run),
            run.HasGeneratorLoss ? Loss(run.GeneratorLoss) : Unknown, run.HasDiscriminatorLoss ? Loss(run.DiscriminatorLoss) : Unknown, Metric(run) is { } metric ? Text(metric) : Unknown,
            $"{run.Workers.Count}", Reason(run)]));

    /// <summary>Where a run is, as `train` shows it.</summary>
    public static RunProgress ProgressOf(Run run) => new(
        new ImageCount(run.Images), new ImageCount(run.TargetImages), run.ImagesPerSecond, run.HasRemainingSeconds ? Bounded(run.RemainingSeconds) : null,
        run.HasGeneratorLoss ? run.GeneratorLoss : null, run.HasDiscriminatorLoss ? run.DiscriminatorLoss : null) { Metric = Metric(run) };

    /// <summary>One line per worker, below a heading.</summary>
    public static IEnumerable<string> Table(IEnumerable<Protos.Worker> workers) => TextTable.Lines(
        ["worker", "host", "device", "status", "run", "reason"],
        workers.Select(worker => (string[])[worker.Name, worker.Host, worker.Device, Status(worker), worker.Run.Length > 0 ? worker.Run : Unknown, worker.Reason]));

    /// <summary>A run in a sentence.</summary>
    public static string Sentence(Run run) =>
        $"{run.Run_} is {Status(run)} at {Kimg(run.Images)} kimg{(run.Workers.Count > 0 ? $" on {string.Join(", ", run.Workers)}" : "")}{(Reason(run) is { Length: > 0 } reason ? $" ({reason})" : "")}";

    /// <summary>A worker in a sentence.</summary>
    public static string Sentence(Protos.Worker worker) => worker.Status != WorkerStatus.Evicted ? $"{worker.Name} is {Status(worker)}"
        : $"{worker.Name} is evicted {(worker.HasReturnsUnixMs ? $"until {Clock(worker.ReturnsUnixMs)}" : "for good; a process started later may attach")}: {worker.Reason}";

    /// <summary>Everything that is known of a run.</summary>
    public static IEnumerable<string> Describe(RunDescription known)
    {
        var (run, spec) = (known.Run, RunSpecJson.Read(known.Run.SpecJson, "the run's spec"));
        foreach (string line in TextTable.Pairs(
        [
            ("run", run.Run_),
            ("status", Reason(run) is { Length: > 0 } reason ? $"{Status(run)}: {reason}" : Status(run)),
            ("progress", $"{Progress(run)} kimg, iteration {run.Iteration} of {run.TargetIteration}"),
            ("speed", $"{Rate(run)} img/s, ETA {Remaining(run)}"),
            ("losses", run.HasGeneratorLoss ? $"G {Loss(run.GeneratorLoss)} D {Loss(run.DiscriminatorLoss)}" : Unknown),
            ("metric", Metric(run) is { } metric ? Text(metric) : Unknown),
            ("workers", $"{run.Workers.Count}; at least {run.MinWorkers}, at most {run.MaxWorkers}, priority {run.Priority}"),
            ("generation", $"{run.Generation}"),
            ("snapshot", run.HasSnapshotImages ? $"{Kimg(run.SnapshotImages)} kimg" : "none yet"),
            .. Places(known.Places),
            ("branch", $"{known.Branch}"),
            ("numerics", known.NumericsSha256.Length > 0 ? known.NumericsSha256 : "not known yet"),
            ("submitted", Moment(run.SubmittedUnixMs)),
            ("changed", Moment(run.ChangedUnixMs)),
            ("spec", Spec(spec)),
        ]))
            yield return line;
        foreach (string line in Section("changed from the recipe", SpecChange.FromRecipe(spec).Select(change => $"{change.Key.Name} = {change.New} ({change.Old})")))
            yield return line;
        foreach (string line in Section("being measured", run.Evaluations.Select(evaluation => $"{evaluation.Metric} of {evaluation.Snapshot}: {Share(evaluation)}")))
            yield return line;
        foreach (string line in Section("workers", known.Workers.Count > 0 ? Table(known.Workers) : []))
            yield return line;
        foreach (string line in Section("last events", known.LastEvents.Select(happened => $"{Clock(happened.AtUnixMs)} {happened.Text}")))
            yield return line;
    }

    /// <summary>What would be submitted.</summary>
    public static IEnumerable<string> Describe(SubmitPreview preview)
    {
        var (run, spec) = (preview.Run, RunSpecJson.Read(preview.Run.SpecJson, "the run's spec"));
        foreach (string line in TextTable.Pairs(
            [("run", run.Run_), .. Places(preview.Places), ("workers", $"at least {run.MinWorkers}, at most {run.MaxWorkers}, priority {run.Priority}"), ("spec", Spec(spec))]))
            yield return line;
        foreach (string line in Section("changed from the recipe (-o json prints all keys)", SpecChange.FromRecipe(spec).Select(change => $"{change.Key.Name} = {change.New} ({change.Old})")))
            yield return line;
        yield return "";
        yield return Outcome(preview);
    }

    /// <summary>What submitting would do.</summary>
    public static string Outcome(SubmitPreview preview) => preview switch
    {
        { AlreadySubmitted: true } => $"nothing would change: {preview.Run.Run_} was already submitted with the same spec and paths, and is {Status(preview.Run)}",
        _ => $"{preview.Run.Run_} would {(preview.Run.HasSnapshotImages ? $"continue from its snapshot at {Kimg(preview.Run.SnapshotImages)} kimg" : "begin")} "
            + (preview.FreeWorkers >= preview.Run.MinWorkers ? "at once" : $"when {Counted.Of(preview.Run.MinWorkers, "worker")} {(preview.Run.MinWorkers == 1 ? "is" : "are")} available")
            + $"; {preview.FreeWorkers} of {preview.FittingWorkers} suitable workers {(preview.FreeWorkers == 1 ? "is" : "are")} free",
    };

    /// <summary>A run as JSON.</summary>
    public static JsonObject ToJson(Run run) => new()
    {
        ["run"] = run.Run_,
        ["status"] = Status(run),
        ["reason"] = run.Reason,
        ["workers"] = new JsonArray([.. run.Workers.Select(worker => JsonValue.Create(worker))]),
        ["generation"] = run.Generation,
        ["iteration"] = run.Iteration,
        ["target_iteration"] = run.TargetIteration,
        ["kimg"] = run.Images / 1000.0,
        ["target_kimg"] = run.TargetImages / 1000.0,
        ["images_per_s"] = run.ImagesPerSecond,
        ["percent"] = double.Parse(RunProgress.Percent(new(run.Images), new(run.TargetImages)), CultureInfo.InvariantCulture),
        ["generator_loss"] = run.HasGeneratorLoss ? run.GeneratorLoss : null,
        ["discriminator_loss"] = run.HasDiscriminatorLoss ? run.DiscriminatorLoss : null,
        ["metric"] = Metric(run) is { } metric ? new JsonObject { ["name"] = metric.Name, ["value"] = metric.Value } : null,
        ["remaining_s"] = run.HasRemainingSeconds ? Math.Round(run.RemainingSeconds, 1) : null,
        ["priority"] = run.Priority,
        ["min_workers"] = run.MinWorkers,
        ["max_workers"] = run.MaxWorkers,
        ["evaluations"] = new JsonArray([.. run.Evaluations.Select(evaluation => new JsonObject
        {
            ["metric"] = evaluation.Metric,
            ["snapshot"] = evaluation.Snapshot,
            ["samples_done"] = evaluation.SamplesDone,
            ["samples"] = evaluation.Samples,
        })]),
        ["snapshot_kimg"] = run.HasSnapshotImages ? run.SnapshotImages / 1000.0 : null,
    };

    /// <summary>Everything that is known of a run, as JSON.</summary>
    public static JsonObject ToJson(RunDescription known)
    {
        var json = ToJson(known.Run);
        json["data"] = known.Places.DataPath;
        json["out"] = known.Places.RunStore;
        json["init"] = known.Places.InitPath;
        json["branch"] = known.Branch;
        json["numerics_sha256"] = known.NumericsSha256;
        json["submitted"] = Moment(known.Run.SubmittedUnixMs);
        json["changed"] = Moment(known.Run.ChangedUnixMs);
        json["spec"] = JsonNode.Parse(known.Run.SpecJson);
        json["otherwise_than_recipe"] = new JsonArray([.. SpecChange.FromRecipe(RunSpecJson.Read(known.Run.SpecJson, "the run's spec")).Select(change => JsonValue.Create(change.Key.Name))]);
        json["workers"] = new JsonArray([.. known.Workers.Select(ToJson)]);
        json["last_events"] = new JsonArray([.. known.LastEvents.Select(ToJson)]);
        return json;
    }

    /// <summary>A submission in the form of the files that <c>submit -f</c> takes, and what it would do.</summary>
    public static JsonObject ToJson(SubmitPreview preview)
    {
        var json = new JsonObject
        {
            ["run"] = preview.Run.Run_,
            ["data"] = preview.Places.DataPath,
            ["out"] = preview.Places.RunStore,
            ["priority"] = preview.Run.Priority,
            ["min-workers"] = preview.Run.MinWorkers,
            ["max-workers"] = preview.Run.MaxWorkers,
            ["spec"] = JsonNode.Parse(preview.Run.SpecJson),
        };
        if (preview.Places.InitPath.Length > 0)
            json["init"] = preview.Places.InitPath;
        return json;
    }

    /// <summary>A worker as JSON.</summary>
    public static JsonObject ToJson(Protos.Worker worker) => new()
    {
        ["worker"] = worker.Name,
        ["host"] = worker.Host,
        ["device"] = worker.Device,
        ["memory_bytes"] = worker.MemoryBytes,
        ["role"] = worker.IsEvaluator ? "evaluator" : "trainer",
        ["status"] = worker.Status.ToString().ToLowerInvariant(),
        ["run"] = worker.Run.Length > 0 ? worker.Run : null,
        ["reason"] = worker.Reason,
        ["returns"] = worker.HasReturnsUnixMs ? Moment(worker.ReturnsUnixMs) : null,
        ["numerics_sha256"] = worker.NumericsSha256,
    };

    /// <summary>An event as JSON.</summary>
    public static JsonObject ToJson(RunEvent happened) => new() { ["number"] = happened.Number, ["at"] = Moment(happened.AtUnixMs), ["text"] = happened.Text, ["event"] = JsonNode.Parse(happened.Json) };

    /// <summary>A time of day, by this machine's clock.</summary>
    public static string Clock(long unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A moment, with its day and offset.</summary>
    public static string Moment(long unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).ToLocalTime().ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Section(string title, IEnumerable<string> lines)
    {
        var all = lines.ToList();
        return all.Count == 0 ? [] : ["", $"{title}:", .. all.Select(line => $"  {line}")];
    }

    private static IEnumerable<(string Name, string Value)> Places(RunPlaces places) =>
        [("data", places.DataPath), ("out", places.RunStore), .. places.InitPath.Length > 0 ? [("init", places.InitPath)] : Array.Empty<(string, string)>()];

    private static string Spec(RunSpec spec) => $"{spec.Recipe}, {spec.Resolution}, batch {spec.Batch} in shards of {spec.Shard}, {spec.Kimg:0.###} kimg, seed {spec.Seed}";

    private static string Reason(Run run) => string.Join("; ",
        run.Evaluations.Select(evaluation => $"measures {evaluation.Metric} of {evaluation.Snapshot}, {Share(evaluation)}").Prepend(run.Reason).Where(text => text.Length > 0));

    private static string Share(Evaluation evaluation) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * evaluation.SamplesDone / Math.Max(1, evaluation.Samples):0}%");

    private static string Progress(Run run) => $"{Kimg(run.Images)}/{Kimg(run.TargetImages)}";

    private static string Kimg(long images) => string.Create(CultureInfo.InvariantCulture, $"{images / 1000.0:0.0##}");

    private static string Rate(Run run) => run.ImagesPerSecond > 0 ? RunProgress.Rate(run.ImagesPerSecond) : Unknown;

    private static string Remaining(Run run) => run.HasRemainingSeconds ? TickReport.Format(Bounded(run.RemainingSeconds)) : Unknown;

    private static TimeSpan Bounded(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));

    private static MetricValue? Metric(Run run) =>
        run.HasMetric && RunSpecJson.Read(run.SpecJson, "the run's spec").Metrics is [var first, ..] ? new MetricValue(first, run.Metric) : null;

    private static string Text(MetricValue metric) => string.Create(CultureInfo.InvariantCulture, $"{metric.Name} {metric.Value:0.###}");

    private static string Loss(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Status(Run run) => run.Status.ToString().ToLowerInvariant();

    private static string Status(Protos.Worker worker) => $"{worker.Status.ToString().ToLowerInvariant()}{(worker.IsEvaluator ? " (evaluator)" : "")}";
}
