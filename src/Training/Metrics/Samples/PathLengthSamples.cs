using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Interop;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>
/// Perceptual path lengths (Karras et al. 2019, §4.1): how far an image moves, as LPIPS sees it, for a small step along the
/// path between two latents, over the step squared.
/// </summary>
public sealed class PathLengthSamples : ISampleSource
{
    private readonly Generator _generator;
    private readonly EvaluationDraws _draws;
    private readonly ScriptDetector _detector;
    private readonly PathLengthMetric _metric;

    /// <param name="generator">The network.</param>
    /// <param name="draws">Latents, labels and noise.</param>
    /// <param name="detector">VGG-16 with LPIPS.</param>
    /// <param name="metric">Space, place on the path, and crop.</param>
    /// <param name="count">Samples in all.</param>
    /// <exception cref="UserErrorException">The crop is defined for square images alone, and these are not.</exception>
    public PathLengthSamples(Generator generator, EvaluationDraws draws, ScriptDetector detector, PathLengthMetric metric, int count)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(metric);
        var shape = generator.Config.Shape;
        if (metric.Crop && shape.Width != shape.Height)
            throw new UserErrorException($"{metric.Name} uses the centre of square images, but these are {shape.Width}×{shape.Height}; use ppl2_wend, which uses whole images.");
        (_generator, _draws, _detector, _metric, Count) = (generator, draws, detector, metric, count);
    }

    /// <inheritdoc/>
    public string What => "paths";

    /// <inheritdoc/>
    public string Key => $"{_metric.Name} {_detector.Sha256} {_draws.Seed} {Count}";

    /// <inheritdoc/>
    // Each path is two images.
    public int AtOnce => 8;

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public Tensor Compute(SampleRange range)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. range.Pieces(AtOnce).Select(Lengths)], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Interpolates between unit vectors along the great circle through them.</summary>
    /// <param name="a">[N, Z], normalised here.</param>
    /// <param name="b">[N, Z], normalised here.</param>
    /// <param name="t">[N, 1], 0 for a and 1 for b.</param>
    internal static Tensor Slerp(Tensor a, Tensor b, Tensor t)
    {
        static Tensor Unit(Tensor x) => x / x.norm(-1, keepdim: true, 2);
        a = Unit(a);
        b = Unit(b);
        var cosine = (a * b).sum(-1, keepdim: true);
        var angle = t * cosine.acos();
        return Unit((a * angle.cos()).Plus(Unit(b - (cosine * a)) * angle.sin()));
    }

    private Tensor Lengths(SampleRange some)
    {
        using var scope = NewDisposeScope();
        var t = _metric.Whole ? _draws.PathPositions(some) : zeros_like(_draws.PathPositions(some));
        var images = View(_generator.Synthesize(Styles(some, t), _draws.Noise(some, copies: 2)));
        FiniteRows.Require(images, i => $"generated sample {some.Start + (i % some.Count)} (seed {_draws.Seed}) has values that are NaN or infinite");
        var seen = _detector.Run(images.Plus(1).Times(255.0 / 2), ("resize_images", false), ("return_lpips", true));
        var step = seen.narrow(0, 0, some.Count) - seen.narrow(0, some.Count, some.Count);
        var lengths = step.flatten(1).Squared().sum(1, keepdim: true).DividedBy(PathLengthMetric.Epsilon * PathLengthMetric.Epsilon); // [n,1]
        FiniteRows.Require(lengths, i => $"generated sample {some.Start + i} (seed {_draws.Seed}) has a path length that is NaN or infinite");
        return lengths.MoveToOuterDisposeScope();
    }

    /// <summary>Styles at t, then a step further, [2n, StyleCount, W].</summary>
    private Tensor Styles(SampleRange some, Tensor t)
    {
        var (start, end, labels) = (_draws.Latents(some), _draws.PathEnds(some), _draws.Labels(some));
        var both = labels is null ? null : cat([labels, labels], 0);
        if (_metric.Space == PathSpace.Z)
        {
            t = t.unsqueeze(1); // [n,1]
            return _generator.Broadcast(_generator.Map(cat([Slerp(start, end, t), Slerp(start, end, t.Plus(PathLengthMetric.Epsilon))], 0), both));
        }
        var styles = _generator.Broadcast(_generator.Map(cat([start, end], 0), both));
        var (first, last) = (styles.narrow(0, 0, some.Count), styles.narrow(0, some.Count, some.Count));
        t = t.unsqueeze(1).unsqueeze(2); // [n,1,1]
        return cat([first.lerp(last, t), first.lerp(last, t.Plus(PathLengthMetric.Epsilon))], 0);
    }

    // The centre, and no more than 256 pixels, as published: LPIPS was trained on such images.
    private Tensor View(Tensor images)
    {
        if (_metric.Crop)
        {
            long eighth = images.shape[2] / 8;
            images = images.narrow(2, eighth * 3, eighth * 4).narrow(3, eighth * 2, eighth * 4);
        }
        var shape = _generator.Config.Shape;
        long factor = Math.Max(shape.Width, shape.Height) / 256;
        return factor <= 1 ? images : TorchSharp.torch.nn.functional.avg_pool2d(images, [factor, factor], [factor, factor]);
    }
}
