using Atelier.Core.Metrics;
using Atelier.Training.Data;
using Atelier.Training.Metrics.Detectors;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>Features of the dataset's images, in its order; after them those of their mirror images, where they count.</summary>
public sealed class RealFeatures : ISampleSource
{
    private readonly ImageDataset _dataset;
    private readonly IFeatureNet _net;
    private readonly bool _mirrored;

    /// <param name="dataset">The images.</param>
    /// <param name="net">The features.</param>
    /// <param name="mirrored">Whether mirror images count.</param>
    /// <param name="most">At most so many, the first ones; null for all.</param>
    public RealFeatures(ImageDataset dataset, IFeatureNet net, bool mirrored, int? most)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        (_dataset, _net, _mirrored) = (dataset, net, mirrored);
        Count = Math.Min(most ?? int.MaxValue, mirrored ? checked(2 * dataset.Count) : dataset.Count);
    }

    /// <inheritdoc/>
    public string What => "real images";

    /// <inheritdoc/>
    public string Key => $"real {_net.Identity} {_dataset.Identity} {(_mirrored ? "mirrored" : "as they are")} {Count}";

    /// <inheritdoc/>
    public int AtOnce => 16;

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public Tensor Compute(SampleRange range)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. range.Pieces(AtOnce).Select(Features)], 0).MoveToOuterDisposeScope();
    }

    private Tensor Features(SampleRange some)
    {
        using var scope = NewDisposeScope();
        var (width, height) = _dataset.Resolution;
        var pixels = new byte[some.Count * _dataset.ImageBytes];
        for (int i = 0; i < some.Count; i++)
        {
            var (mirror, image) = Math.DivRem(some.Start + i, _dataset.Count);
            _dataset.CopyPixels(image, mirror > 0, pixels.AsSpan(i * _dataset.ImageBytes, _dataset.ImageBytes));
        }
        var features = _net.Features(tensor(pixels, [some.Count, 3, height, width]));
        FiniteRows.Require(features, i => $"{_dataset.Name}: {_dataset.NameOf((some.Start + i) % _dataset.Count)} has features that are no numbers");
        return features.MoveToOuterDisposeScope();
    }
}
