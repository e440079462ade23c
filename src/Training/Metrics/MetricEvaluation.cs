using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Analysis;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Metrics.Statistics;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics;

/// <summary>
/// Computes metrics of generators against a dataset. Samples come in ranges that are pure functions of their place; what they
/// add up to is merged in their order, so that a result has the same bits however many lanes compute it.
/// </summary>
/// <param name="dataset">The real images, and the labels of generated ones; not owned.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock.</param>
public sealed class MetricEvaluation(ImageDataset dataset, EvaluationOptions options, TimeProvider time) : IDisposable
{
    private readonly Dictionary<FeatureNet, ScriptDetector> _detectors = [];
    private readonly RealSides _real = new(dataset, options);
    private RandomFeatureNet? _random;

    /// <summary>Loads what a metric needs and checks that it can be computed, before the time-consuming part begins.</summary>
    /// <exception cref="UserErrorException">A detector is missing or unusable, or there are too few images.</exception>
    public void Prepare(Metric metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        metric.Check(options.Samples ?? metric.Samples, dataset.Count);
        if (metric.Net != FeatureNet.Random)
            Detector(metric);
    }

    /// <summary>Computes a metric.</summary>
    /// <param name="metric">Which one.</param>
    /// <param name="generator">Of which network, on the options' device.</param>
    /// <param name="progress">Told of finished ranges, from any thread.</param>
    /// <param name="cancellation">Ends it between two ranges.</param>
    /// <param name="stored">Samples that others have computed; null for none.</param>
    /// <exception cref="UserErrorException">It cannot be computed: detector, numbers of images, labels, or samples that are NaN or infinite.</exception>
    public MetricReport Run(Metric metric, Generator generator, IProgress<EvaluationProgress>? progress, CancellationToken cancellation, StoredRows? stored = null)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(generator);
        long started = time.GetTimestamp();
        int samples = options.Samples ?? metric.Samples;
        var notes = metric.Check(samples, dataset.Count);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var draws = Draws(generator);
        var collector = new Collector(metric.Name, options.Lanes, stored, progress, cancellation);
        Tensor Rows() => collector.Rows(Generated(metric, generator, draws, samples));
        double[] values = metric switch
        {
            FrechetMetric frechet => [Frechet(frechet, collector, Generated(metric, generator, draws, samples))],
            KernelMetric kernel =>
                [KernelDistance.Mean(_real.Rows(kernel, Net(metric, ScriptFeatures.Features), collector), Rows(), kernel.Subsets, kernel.SubsetSize, options.Seed, options.BudgetBytes)],
            ManifoldMetric manifold => Manifold(manifold, _real.Rows(manifold, Net(metric, ScriptFeatures.Features), collector), Rows()),
            InceptionScoreMetric score => InceptionScore.Of(Rows(), score.Splits) is var (mean, deviation) ? [mean, deviation] : [],
            PathLengthMetric => [PathLengths.FilteredMean(Lengths(Rows()))],
            DropletMetric => [Math.Exp(Lengths(Rows()).Average())],
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "has an unknown type"),
        };
        return new MetricReport(metric, values, time.GetElapsedTime(started), samples, _real.Count(metric), options.Seed, notes);
    }

    /// <summary>Whether the statistics of a metric's real images are in the cache.</summary>
    public bool KnowsReal(Metric metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.Real is null || _real.Knows(metric, Net(metric, ScriptFeatures.Features));
    }

    /// <summary>The real samples that a metric compares with.</summary>
    /// <exception cref="UserErrorException">The detector is missing or unusable.</exception>
    public ISampleSource RealSamples(Metric metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return _real.Source(metric, Net(metric, ScriptFeatures.Features));
    }

    /// <summary>The generated samples that a metric is computed from.</summary>
    /// <exception cref="UserErrorException">The detector is missing or unusable, or the metric is not defined for the network.</exception>
    public ISampleSource GeneratedSamples(Metric metric, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(generator);
        return Generated(metric, generator, Draws(generator), options.Samples ?? metric.Samples);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var detector in _detectors.Values)
            detector.Dispose();
        _random?.Dispose();
        _real.Dispose();
    }

    // One number a sample.
    private static double[] Lengths(Tensor rows) => rows.flatten().to(ScalarType.Float64).data<double>().ToArray();

    private double Frechet(FrechetMetric metric, Collector collector, ISampleSource source)
    {
        var real = _real.Frechet(metric, Net(metric, ScriptFeatures.Features), collector);
        using var moments = collector.Moments(source);
        var (mean, covariance) = moments.MeanAndCovariance();
        return FrechetDistance.Between(real, mean, covariance);
    }

    private double[] Manifold(ManifoldMetric metric, Tensor real, Tensor generated) =>
    [
        FeatureManifold.Covered(real, generated, metric.Neighbours, options.BudgetBytes),
        FeatureManifold.Covered(generated, real, metric.Neighbours, options.BudgetBytes),
    ];

    private EvaluationDraws Draws(Generator generator) => new(options.Seed, generator.Config, Labels(generator.Config), options.Device);

    private ISampleSource Generated(Metric metric, Generator generator, EvaluationDraws draws, int samples) => metric switch
    {
        PathLengthMetric path => new PathLengthSamples(generator, draws, Detector(metric), path, samples),
        DropletMetric => new DropletSamples(generator, draws, samples),
        _ => new GeneratedFeatures(generator, draws, Net(metric, metric is InceptionScoreMetric ? ScriptFeatures.Probabilities : ScriptFeatures.Features), samples),
    };

    private IFeatureNet Net(Metric metric, string flag)
    {
        if (metric.Net != FeatureNet.Random)
            return new ScriptFeatures(Detector(metric), flag);
        _random ??= new RandomFeatureNet(options.Device);
        return _random;
    }

    private ScriptDetector Detector(Metric metric)
    {
        if (!_detectors.TryGetValue(metric.Net, out var detector))
            _detectors.Add(metric.Net, detector = options.Detectors.Load(metric.Net, metric.Name, options.Device));
        return detector;
    }

    private LabelSource Labels(GeneratorConfig config) => config.LabelSize == 0 || config.LabelSize == dataset.LabelDim
        ? new LabelSource(dataset.Count, (image, label) => dataset.CopyLabel((int)image, label))
        : throw new UserErrorException($"the network takes labels of {config.LabelSize} numbers, but those of {dataset.Name} have {dataset.LabelDim}: pass the dataset that it was trained on");
}

/// <summary>How metrics are computed.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Where to compute.</summary>
    public required Device Device { get; init; }

    /// <summary>Where detectors are.</summary>
    public required DetectorFiles Detectors { get; init; }

    /// <summary>Where statistics of real images are kept.</summary>
    public required RealStatisticsCache Cache { get; init; }

    /// <summary>Ranges computed at once. Never changes bits.</summary>
    public int Lanes { get; init; } = 1;

    /// <summary>Seed of the samples.</summary>
    public ulong Seed { get; init; }

    /// <summary>Generated samples; null for each metric's own number.</summary>
    public int? Samples { get; init; }

    /// <summary>Whether the run shows images mirrored, which some metrics follow.</summary>
    public bool Mirror { get; init; }

    /// <summary>Memory for blocks of distances and kernel values.</summary>
    public long BudgetBytes { get; init; } = 256 << 20;
}

/// <summary>How far an evaluation has come.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="What">What is being computed.</param>
/// <param name="Done">Samples done.</param>
/// <param name="Total">Samples in all.</param>
public sealed record EvaluationProgress(string Metric, string What, int Done, int Total);

/// <summary>The values of a metric, and how they came about.</summary>
/// <param name="Metric">Which one.</param>
/// <param name="Values">In the order of <see cref="Metric.Results"/>.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Samples">Generated samples.</param>
/// <param name="RealImages">Real images compared with; 0 for none.</param>
/// <param name="Seed">Seed of the samples.</param>
/// <param name="Notes">What a reader should know.</param>
public sealed record MetricReport(
    Metric Metric, IReadOnlyList<double> Values, TimeSpan Took, int Samples, int RealImages, ulong Seed, IReadOnlyList<string> Notes)
{
    /// <summary>The value that decides which snapshot is best.</summary>
    public double Value => Values[0];

    /// <summary>The line of <c>metric-NAME.jsonl</c>, with the published fields first.</summary>
    /// <param name="snapshot">The network's path, relative to the run's folder where there is one; null for none.</param>
    /// <param name="now">The time.</param>
    public JsonObject ToJson(string? snapshot, DateTimeOffset now) => new()
    {
        ["results"] = new JsonObject(Metric.Results.Zip(Values).Select(pair => KeyValuePair.Create(pair.First, (JsonNode?)pair.Second))),
        ["metric"] = Metric.Name,
        ["total_time"] = Math.Round(Took.TotalSeconds, 3),
        ["total_time_str"] = TimeText(Took),
        ["num_gpus"] = 1,
        ["snapshot_pkl"] = snapshot,
        ["timestamp"] = Math.Round(now.ToUnixTimeMilliseconds() / 1000.0, 3),
        ["num_samples"] = Samples,
        ["num_real"] = RealImages,
        ["seed"] = Seed,
    };

    // As the published logs have it: 37s, 2m 05s, 1h 02m 03s, 1d 04h 10m.
    private static string TimeText(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{(int)time.TotalSeconds}s",
        { TotalHours: < 1 } => $"{time.Minutes}m {time.Seconds:00}s",
        { TotalDays: < 1 } => $"{time.Hours}h {time.Minutes:00}m {time.Seconds:00}s",
        _ => $"{(int)time.TotalDays}d {time.Hours:00}h {time.Minutes:00}m",
    };
}
