using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Atelier.Core.Schedules;
using Atelier.Training.Numerics;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Telemetry;

/// <summary>
/// Every metric and span of a process that trains, once: docs/telemetry.md lists them, and a test compares. Recording costs some hundred
/// nanoseconds, and nothing while nobody listens. Gauges are read from what ticks have left here, never from a state that is computed on.
/// </summary>
public static class WorkerMetrics
{
    /// <summary>The meter, and the source of spans.</summary>
    public const string Name = "Atelier.Worker";

    private static readonly Meter Meter = new(Name);
    private static readonly ConcurrentDictionary<string, TickReport> Ticks = new();
    private static volatile Func<TimeSpan>? _silence;
    private static volatile ComputeDevice? _device;

    private static readonly InstrumentAdvice<double> Steps = new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] };
    private static readonly InstrumentAdvice<double> Waits = new() { HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] };

    /// <summary>The spans of workers.</summary>
    internal static ActivitySource Traces { get; } = new(Name);

    internal static Counter<long> Images { get; } = Meter.CreateCounter<long>("atelier.worker.images", "{image}", "Images computed by this worker; the sum over workers is the number shown to the run");

    internal static Histogram<double> PhaseDuration { get; } = Histogram("atelier.worker.phase.duration", "A phase, from the end of the previous one to its update", Steps);

    internal static Histogram<double> ReduceDuration { get; } = Histogram("atelier.worker.reduce.duration", "Summing a phase with the other workers, including waiting for them", Steps);

    internal static Counter<long> ReduceSize { get; } = Meter.CreateCounter<long>("atelier.worker.reduce.size", "By", "Buffers summed with other workers");

    internal static Counter<double> DataWait { get; } = Meter.CreateCounter<double>("atelier.worker.data.wait", "s", "Time that training spent waiting for images");

    internal static Histogram<double> PrepareDuration { get; } = Histogram("atelier.worker.prepare.duration", "Getting ready for a generation: data, state, peers", Waits);

    internal static Histogram<double> HaltDuration { get; } = Histogram("atelier.worker.halt.duration", "From the order to halt until this worker had halted", Waits);

    internal static Histogram<double> SnapshotDuration { get; } = Histogram("atelier.worker.snapshot.duration", "Writing this worker's slice of a snapshot, while training continues", Waits);

    internal static Counter<long> SnapshotSize { get; } = Meter.CreateCounter<long>("atelier.worker.snapshot.size", "By", "Snapshot slices that are durable");

    internal static Counter<long> SnapshotFailures { get; } = Meter.CreateCounter<long>("atelier.worker.snapshot.failures", "{slice}", "Snapshot slices that could not be written");

    internal static Counter<long> EvaluationSamples { get; } = Meter.CreateCounter<long>("atelier.worker.evaluation.samples", "{sample}", "Evaluation samples computed by this worker");

    internal static Histogram<double> EvaluationDuration { get; } = Histogram("atelier.worker.evaluation.duration", "A part of an evaluation, from the order to the report", Waits);

    internal static Counter<long> NonFinite { get; } = Meter.CreateCounter<long>("atelier.train.non_finite", "{element}", "NaN or infinite gradient elements, which were replaced");

    static WorkerMetrics()
    {
        Meter.CreateObservableGauge("atelier.worker.coordinator.silence", () => _silence is { } silence ? [new Measurement<double>(silence().TotalSeconds)] : Array.Empty<Measurement<double>>(), "s", "Time without a coordinator; 0 while connected");
        Device("atelier.worker.device.memory.used", "Memory of the GPU that is taken, by all processes that use it", memory => memory.UsedBytes);
        Device("atelier.worker.device.memory.size", "Memory that the GPU has", memory => memory.SizeBytes);
        Gauge("atelier.train.images", "{image}", "Images shown to the run, at the last tick", tick => tick.Now.Images);
        Gauge("atelier.train.kimg.duration", "s", "Time for 1000 images over the last tick (sec/kimg)", tick => tick.Length.TotalSeconds / Math.Max(tick.Images / 1000.0, 1e-9));
        Gauge("atelier.train.augment.probability", "1", "Probability of augmentations (ADA's p)", tick => tick.AugmentationP);
        Gauge("atelier.train.memory.peak", "By", "Peak host memory of the process", tick => tick.PeakMemoryBytes);
        Loss("atelier.train.loss", "Mean loss of the last tick", ("network", [("G", "Loss/G/loss"), ("D", "Loss/D/loss")]));
        Loss("atelier.train.score", "Mean logit of the discriminator over the last tick", ("images", [("real", "Loss/scores/real"), ("fake", "Loss/scores/fake")]));
        Loss("atelier.train.sign", "Mean sign of the discriminator's logits over the last tick", ("images", [("real", "Loss/signs/real"), ("fake", "Loss/signs/fake")]));
        Loss("atelier.train.penalty", "Mean penalty of a regulariser over the last tick, before its weight", ("of", [("r1", "Loss/r1_penalty"), ("path", "Loss/pl_penalty")]));
        Loss("atelier.train.path.length", "Mean path length over the last tick", ("", [("", "Loss/pl_length")]));
        Loss("atelier.train.gradient.norm", "Norm of a phase's gradient, from one iteration per tick", ("phase", [.. Enum.GetValues<PhaseKind>().Select(kind => ($"{kind}", TickReport.NormOf(kind)))]));
    }

    /// <summary>A tick of a run ended.</summary>
    internal static void Reached(string run, TickReport tick)
    {
        Ticks[run] = tick;
        if (tick.NonFinite > 0)
            NonFinite.Add(tick.NonFinite, Tag("run", run));
    }

    /// <summary>This process has nothing to do with a run any more.</summary>
    internal static void Forget(string run) => Ticks.TryRemove(run, out _);

    /// <summary>How this worker stands with coordinators.</summary>
    internal static void Watch(Func<TimeSpan> silence) => _silence = silence;

    /// <summary>This process computes on a device that is open.</summary>
    internal static void Watch(ComputeDevice device) => _device = device;

    internal static KeyValuePair<string, object?> Tag(string key, string value) => new(key, value);

    private static Histogram<double> Histogram(string name, string description, InstrumentAdvice<double> advice) => Meter.CreateHistogram(name, "s", description, null, advice);

    private static void Gauge(string name, string unit, string description, Func<TickReport, double> read) =>
        Meter.CreateObservableGauge(name, () => Ticks.Select(tick => new Measurement<double>(read(tick.Value), Tag("run", tick.Key))).ToArray(), unit, description);

    /// <summary>A gauge of a GPU's memory; a processor has none.</summary>
    private static void Device(string name, string description, Func<DeviceMemory, long> read) =>
        Meter.CreateObservableGauge(name, () => _device is { } device && device.ReadMemory() is { } memory ? [new Measurement<long>(read(memory), Tag("device", $"{device}"))] : Array.Empty<Measurement<long>>(), "By", description);

    /// <summary>A gauge of losses by their published names; what a run has none of has no series.</summary>
    private static void Loss(string name, string description, (string Key, (string Value, string Loss)[] All) tags) => Meter.CreateObservableGauge(
        name,
        () => (from tick in Ticks
               from tag in tags.All
               where tick.Value.Losses.ContainsKey(tag.Loss)
               select tags.Key.Length > 0
                   ? new Measurement<double>(tick.Value.Losses[tag.Loss], Tag("run", tick.Key), Tag(tags.Key, tag.Value))
                   : new Measurement<double>(tick.Value.Losses[tag.Loss], Tag("run", tick.Key))).ToArray(),
        null, description);
}
