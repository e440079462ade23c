using Atelier.Core.Runs;
using Atelier.Core.Metrics;
using Atelier.Training.Data;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Statistics;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>What metrics need of the real images: read from the cache where it is there, kept in memory for the next snapshot.</summary>
/// <param name="dataset">The images.</param>
/// <param name="options">Cache and mirroring.</param>
internal sealed class RealSides(ImageDataset dataset, EvaluationOptions options) : IDisposable
{
    // Any change to how statistics are computed is another version.
    private const int Version = 1;

    private readonly Dictionary<string, FrechetSide> _factored = new(StringComparer.Ordinal);

    /// <summary>Real images that a metric compares with.</summary>
    public int Count(Metric metric) => metric.Real?.CountOf(dataset.Count, options.Mirror) ?? 0;

    /// <summary>Whether nothing has to be computed for a metric.</summary>
    public bool Knows(Metric metric, IFeatureNet net) => options.Cache.Has(Key(metric, net, KindOf(metric)));

    /// <summary>The samples that a metric compares with.</summary>
    public RealFeatures Source(Metric metric, IFeatureNet net) => new(dataset, net, Mirrored(metric.Real!), metric.Real!.Most);

    /// <summary>Mean and factored covariance; owned by this object.</summary>
    public FrechetSide Frechet(FrechetMetric metric, IFeatureNet net, Collector collector)
    {
        string key = Key(metric, net, KindOf(metric));
        if (_factored.TryGetValue(key, out var side))
            return side;
        var stored = options.Cache.Get(key, () => Factor(Source(metric, net), collector), collector.Cancellation);
        side = FrechetSide.Restore(stored["mean"], stored["factor"], stored["trace"].item<double>(), stored["triangular"].item<double>() != 0);
        _factored.Add(key, side);
        return side;
    }

    /// <summary>The features of every image, float32 [N, D].</summary>
    public Tensor Rows(Metric metric, IFeatureNet net, Collector collector) => options.Cache.Get(
        Key(metric, net, KindOf(metric)), () => new Dictionary<string, Tensor> { ["rows"] = collector.Rows(Source(metric, net)) }, collector.Cancellation)["rows"];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var side in _factored.Values)
            side.Dispose();
    }

    private static Dictionary<string, Tensor> Factor(RealFeatures source, Collector collector)
    {
        using var moments = collector.Moments(source);
        var (mean, covariance) = moments.MeanAndCovariance();
        using var side = FrechetSide.Of(mean, covariance);
        return new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["mean"] = side.Mean.clone(),
            ["factor"] = side.Factor.clone(),
            ["trace"] = tensor([side.Trace]),
            ["triangular"] = tensor([side.IsTriangular ? 1.0 : 0]),
        };
    }

    private static string KindOf(Metric metric) => metric is FrechetMetric ? "moments" : "rows";

    private bool Mirrored(RealSide real) => real.Mirrored && options.Mirror;

    private string Key(Metric metric, IFeatureNet net, string kind) => string.Join(
        '|', Version, kind, dataset.Identity, net.Identity, Count(metric), Mirrored(metric.Real!),
        NumericsFingerprint.CurrentVersion, __version__, get_num_threads());
}
