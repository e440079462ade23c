using Atelier.Core.Randomness;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Atelier.Training.Analysis;

/// <summary>Where w lies, of which projection needs to know the middle and the scale.</summary>
/// <param name="Mean">[styleSize]</param>
/// <param name="Deviation">√(E‖w − mean‖²), one number.</param>
public sealed record StyleStatistics(Tensor Mean, double Deviation)
{
    private const uint PublishedSeed = 123;
    private const int AtOnce = 1000;

    /// <summary>Measures w at the latents that the published projector draws.</summary>
    /// <param name="generator">The network.</param>
    /// <param name="label">[1, labelSize], or null for an unconditional network.</param>
    /// <param name="samples">How many.</param>
    public static StyleStatistics Measure(Generator generator, Tensor? label, int samples)
    {
        ArgumentNullException.ThrowIfNull(generator);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var sequence = new PublishedSeeds(PublishedSeed);
        int size = generator.Config.LatentSize;
        var pieces = new List<Tensor>();
        for (int first = 0; first < samples; first += AtOnce)
        {
            using var some = NewDisposeScope();
            int count = Math.Min(AtOnce, samples - first);
            var z = new float[count * size];
            for (int i = 0; i < z.Length; i++)
                z[i] = (float)sequence.NextNormal();
            pieces.Add(generator.Map(tensor(z, [count, size]).to(generator.MeanStyle.device), label?.expand(count, -1)).MoveToOuterDisposeScope());
        }
        var w = cat(pieces, 0).to(ScalarType.Float64); // [samples,W]
        var mean = w.mean([0L]);
        double deviation = Math.Sqrt((w - mean).Squared().sum().cpu().item<double>() / samples);
        return new StyleStatistics(mean.to(ScalarType.Float32).MoveToOuterDisposeScope(), deviation);
    }
}

/// <summary>
/// Finds styles and noise maps whose images look like given ones (Karras et al. 2020, §5): Adam on w and the noise maps, noise
/// on w that fades, and a penalty on noise maps that carry the picture. Several images are computed together; every draw is
/// a function of (seed, step), so that none depends on its neighbours.
/// </summary>
public sealed class Projector : IDisposable
{
    // Larger images are averaged to this, as LPIPS was trained on such.
    private const int LargestSide = 256;
    private const int SmallestNoise = 8;

    private readonly Generator _generator;
    private readonly IPerceptualNet _net;
    private readonly ProjectionOptions _options;
    private readonly Tensor _targets;
    private readonly Tensor _deviation;
    private readonly Tensor _gradient;
    private readonly Tensor _styles;
    private readonly Tensor[] _noise;

    /// <summary>Begins at the mean of w and at random noise.</summary>
    /// <param name="generator">The network; not owned.</param>
    /// <param name="net">Compares images; not owned.</param>
    /// <param name="targets">uint8 [N, 3, H, W] of the network's size.</param>
    /// <param name="statistics">Where w lies, one for each target.</param>
    /// <param name="options">Steps and schedules.</param>
    public Projector(Generator generator, IPerceptualNet net, Tensor targets, IReadOnlyList<StyleStatistics> statistics, ProjectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(net);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(statistics);
        ArgumentNullException.ThrowIfNull(options);
        (_generator, _net, _options, Count) = (generator, net, options, (int)targets.shape[0]);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var device = generator.MeanStyle.device;
        var config = generator.Config;
        long[] styleShape = options.Space == StyleSpace.W ? [Count, config.StyleSize] : [Count, config.StyleCount, config.StyleSize];
        var shapes = new List<long[]> { styleShape };
        for (int layer = 0; layer <= 2 * config.Shape.Doublings; layer++)
        {
            var (width, height) = config.Shape.Level((layer + 1) / 2);
            shapes.Add([Count, 1, height, width]);
        }
        long length = shapes.Sum(Elements);
        Tensor Flat() => zeros([length], ScalarType.Float32, device).DetachFromDisposeScope();
        (Values, FirstMoment, SecondMoment, _gradient) = (Flat(), Flat(), Flat(), Flat());
        var leaves = new List<Tensor>();
        long offset = 0;
        foreach (var shape in shapes)
        {
            leaves.Add(Leaf(shape, offset));
            offset += Elements(shape);
        }
        (_styles, _noise) = (leaves[0], [.. leaves.Skip(1)]);

        var mean = stack([.. statistics.Select(of => of.Mean)]); // [N,W]
        _styles.detach().copy_(options.Space == StyleSpace.W ? mean : generator.Broadcast(mean));
        _deviation = tensor(statistics.Select(of => (float)of.Deviation).ToArray()).to(device).view([Count, .. styleShape.Skip(1).Select(_ => 1L)]).DetachFromDisposeScope();
        for (int layer = 0; layer < _noise.Length; layer++)
            _noise[layer].detach().copy_(Draw(DrawPurpose.ProjectionNoise, [1, .. _noise[layer].shape[1..]], 0, layer));
        _targets = net.Embed(Seen(targets.to(device).to(ScalarType.Float32))).DetachFromDisposeScope();
    }

    /// <summary>Images.</summary>
    public int Count { get; }

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>Whether no step is left.</summary>
    public bool IsDone => Step >= _options.Steps;

    /// <summary>Styles and noise maps, then Adam's moments of them: with <see cref="Step"/> all that the future depends on.</summary>
    internal Tensor Values { get; }

    internal Tensor FirstMoment { get; }

    internal Tensor SecondMoment { get; }

    /// <summary>The noise map of every layer, [N, 1, H, W].</summary>
    public IReadOnlyList<Tensor> Noise => _noise;

    /// <summary>One step of the optimiser.</summary>
    /// <returns>The mean distance over the images, at the perturbed w that the step looked at.</returns>
    public double Advance()
    {
        using var scope = NewDisposeScope();
        using var pass = new DifferentiationScope();
        _gradient.zero_();
        var perturbed = _styles.Plus(Draw(DrawPurpose.ProjectionStyle, [1, .. _styles.shape[1..]], Step, 0) * _deviation.Times(_options.StyleNoiseAt(Step)));
        var distance = Distances(Synthesize(perturbed));
        var loss = distance.Plus(NoiseRegularity().Times(_options.NoiseWeight)).sum();
        pass.Backward(loss, [_styles, .. _noise]);
        using var _ = no_grad();
        Step++;
        FlatOptimizer.AdamStep(Values, _gradient, FirstMoment, SecondMoment, _options.AdamAt(Step - 1), Step, 1);
        foreach (var noise in _noise)
        {
            var map = noise.detach();
            map.sub_(map.mean([1L, 2L, 3L], keepdim: true));
            map.mul_(map.Squared().mean([1L, 2L, 3L], keepdim: true).rsqrt());
        }
        return distance.detach().mean().cpu().item<float>();
    }

    /// <summary>Goes on from where a projection of the same images stood.</summary>
    internal void Restore(int step, Tensor values, Tensor firstMoment, Tensor secondMoment)
    {
        using var _ = no_grad();
        Step = step;
        foreach (var (to, from) in (ReadOnlySpan<(Tensor, Tensor)>)[(Values, values), (FirstMoment, firstMoment), (SecondMoment, secondMoment)])
            to.copy_(from);
    }

    /// <summary>The styles found so far: [N, styleSize], or [N, StyleCount, styleSize] in W+.</summary>
    public Tensor Styles() => _styles.detach().clone();

    /// <summary>Images of styles with the noise maps found so far.</summary>
    /// <param name="styles">As <see cref="Styles"/> gives them.</param>
    /// <returns>[N, 3, H, W], nominally in [-1, 1].</returns>
    public Tensor Synthesize(Tensor styles)
    {
        ArgumentNullException.ThrowIfNull(styles);
        return _generator.Synthesize(styles.dim() == 2 ? _generator.Broadcast(styles) : styles, NoiseInput.Random((layer, _) => _noise[layer]));
    }

    /// <summary>How different images are from the targets, [N].</summary>
    /// <param name="images">[N, 3, H, W], nominally in [-1, 1].</param>
    public Tensor Distances(Tensor images) => (_net.Embed(Seen(images.Plus(1).Times(127.5))) - _targets).Squared().sum(1);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var owned in (ReadOnlySpan<Tensor>)[Values, FirstMoment, SecondMoment, _gradient, _targets, _deviation, _styles, .. _noise])
            owned.Dispose();
    }

    /// <summary>
    /// Σ over scales of the squared correlations of neighbours, 0 for white noise (Karras et al. 2020, appendix D), [N].
    /// </summary>
    internal Tensor NoiseRegularity()
    {
        using var scope = NewDisposeScope();
        var sum = zeros([Count], ScalarType.Float32, Values.device);
        foreach (var noise in _noise)
        {
            for (var map = noise; ; map = F.avg_pool2d(map, [2, 2], [2, 2]))
            {
                sum = sum.Plus((map * map.roll([1L], [3L])).mean([1L, 2L, 3L]).Squared());
                sum = sum.Plus((map * map.roll([1L], [2L])).mean([1L, 2L, 3L]).Squared());
                if (Math.Min(map.shape[2], map.shape[3]) <= SmallestNoise)
                    break;
            }
        }
        return sum.MoveToOuterDisposeScope();
    }

    // [N,3,H,W] of 0 to 255, no side longer than 256.
    private static Tensor Seen(Tensor images)
    {
        long factor = Math.Max(images.shape[2], images.shape[3]) / LargestSide;
        return factor <= 1 ? images : F.avg_pool2d(images, [factor, factor], [factor, factor]);
    }

    private Tensor Leaf(long[] shape, long offset)
    {
        var leaf = Values.narrow(0, offset, Elements(shape)).view(shape).detach().requires_grad_();
        leaf.grad = _gradient.narrow(0, offset, Elements(shape)).view(shape);
        return leaf.DetachFromDisposeScope();
    }

    private Tensor Draw(DrawPurpose purpose, long[] shape, int step, int layer)
    {
        var (key, high) = new DrawKey(_options.Seed, 0, purpose, Iteration: step, Layer: layer).ToPhilox();
        var values = empty(shape, ScalarType.Float32);
        PhiloxFill.Normal(values, key, high);
        return values.to(Values.device);
    }

    private static long Elements(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
