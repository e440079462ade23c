using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core;
using Atelier.Core.Evaluations;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Interop;
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
        NumericsFingerprint.CurrentVersion, TorchLibrary.Version, get_num_threads());
}

/// <summary>
/// The values of samples that several workers compute: one blob per part, in a folder of the run's store. A blob that exists is
/// used, whoever wrote it: every worker computes the same bits. Thread-safe.
/// </summary>
/// <param name="blobs">The run's store.</param>
/// <param name="folder">A snapshot's evaluations, with the slash at its end.</param>
public sealed class StoredRows(IBlobStore blobs, string folder) : IDisposable
{
    private const string KeyName = "key";
    private const string RowsName = "rows";

    private readonly Lock _gate = new();
    private (string Name, Tensor? Rows) _last = ("", null);

    /// <summary>Whether a part is there.</summary>
    /// <param name="source">Whose samples.</param>
    /// <param name="part">A part's samples.</param>
    public bool Has(ISampleSource source, SampleRange part)
    {
        ArgumentNullException.ThrowIfNull(source);
        return blobs.ExistsAsync(NameOf(source, part.Start), CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Stores a part.</summary>
    /// <param name="source">Whose samples.</param>
    /// <param name="part">A part's samples.</param>
    /// <param name="rows">Their values, float32 [part.Count, D].</param>
    public void Put(ISampleSource source, SampleRange part, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(source);
        var entry = SafetensorsTensors.ToEntry(new NamedTensor(RowsName, rows));
        blobs.PutAsync(
            NameOf(source, part.Start),
            (stream, _) =>
            {
                SafetensorsWriter.Write(stream, [entry], new Dictionary<string, string>(StringComparer.Ordinal) { [KeyName] = source.Key });
                return Task.CompletedTask;
            },
            CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>The values of a range inside a part, float32 [range.Count, D]; null where the part is not there or cannot be read.</summary>
    public Tensor? Find(ISampleSource source, SampleRange range)
    {
        ArgumentNullException.ThrowIfNull(source);
        int first = EvaluationPart.StartOf(range.Start);
        lock (_gate)
        {
            string name = NameOf(source, first);
            if (_last.Name != name)
            {
                _last.Rows?.Dispose();
                _last = (name, Read(name, source.Key));
            }
            return _last.Rows?.narrow(0, range.Start - first, range.Count).clone();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _last.Rows?.Dispose();

    private Tensor? Read(string name, string key)
    {
        try
        {
            using var file = new SafetensorsReader(blobs.OpenReadAsync(name, CancellationToken.None).GetAwaiter().GetResult(), name);
            return file.Metadata.GetValueOrDefault(KeyName) == key ? SafetensorsTensors.Read(file, RowsName).DetachFromDisposeScope() : null;
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException)
        {
            return null; // then it is computed
        }
    }

    private string NameOf(ISampleSource source, int first) => string.Create(
        CultureInfo.InvariantCulture, $"{folder}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source.Key)))[..16]}/{first:D7}.safetensors");
}
