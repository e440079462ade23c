using Atelier.Core.Specs;
using Atelier.Training.Exports;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>
/// How much each resolution contributes to the images of a generator with skip connections (Karras et al. 2020, §4.2, figure 8):
/// the standard deviation of the pixels of its RGB layer's output, as a share of the sum over resolutions.
/// </summary>
/// <remarks>
/// The output of a resolution's RGB layer is the image up to there without the enlarged one of the resolution below. Images up to
/// a resolution come from the same weights as a smaller network, so that the generator itself needs no hook; all of them
/// together cost four thirds of one.
/// </remarks>
public static class ResolutionUsage
{
    private const int Samples = 8;

    /// <summary>Whether a generator has what is measured: an RGB layer at every resolution.</summary>
    public static bool Applies(GeneratorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Architecture == NetworkArchitecture.Skip && config.Shape.Doublings > 0 && config.FirstLevel is null;
    }

    /// <summary>Measures the averaged generator of a state at the latents of seeds 0 to 7, with its constant noise.</summary>
    /// <returns>Resolutions from the smallest (their longer side), with shares that sum to 1.</returns>
    public static IReadOnlyList<(int Resolution, double Share)> Measure(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Measure(state.Model.GeneratorLayout, state.GeneratorAverage, state.Model.Generator);
    }

    /// <summary>Measures a generator at the latents of seeds 0 to 7, with its constant noise.</summary>
    /// <returns>As of a state; empty for a generator without RGB layers at every resolution.</returns>
    public static IReadOnlyList<(int Resolution, double Share)> Measure(LoadedGenerator loaded)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        return Applies(loaded.Network.Config) ? Measure(loaded.Layout, loaded.Values, loaded.Network.Config) : [];
    }

    private static IReadOnlyList<(int Resolution, double Share)> Measure(NetworkLayout layout, Tensor values, GeneratorConfig config)
    {
        var views = new NetworkViews(layout, values);
        try
        {
            return Measure(views, config, values.dtype, values.device);
        }
        finally
        {
            views.Release();
        }
    }

    private static IReadOnlyList<(int Resolution, double Share)> Measure(NetworkViews views, GeneratorConfig config, ScalarType precision, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var whole = new Generator(views, config);
        var z = tensor(Enumerable.Range(0, Samples).SelectMany(seed => PublishedSeeds.Latent((uint)seed, config.LatentSize)).ToArray(), [Samples, config.LatentSize]).to(precision).to(device);
        var styles = whole.Broadcast(whole.Map(z, Labels(config, precision, device)));
        var deviations = new List<(int Resolution, double Deviation)>();
        Tensor? below = null;
        for (int level = 0; level <= config.Shape.Doublings; level++)
        {
            var part = new Generator(views, config with { Shape = config.Shape.After(level) });
            var image = part.Synthesize(styles.narrow(1, 0, part.Config.StyleCount), NoiseInput.Constant);
            var own = below is null ? image : image - Upfirdn2d.Upsample(below, ResamplingFilter.Binomial);
            // Of each channel of each image around its own mean: a plain colour is no detail.
            deviations.Add((config.Shape.Resolution(level), own.flatten(2).std(2, unbiased: false).mean().to(ScalarType.Float64).cpu().item<double>()));
            below = image;
        }
        double sum = deviations.Sum(of => of.Deviation);
        return [.. deviations.Select(of => (of.Resolution, sum > 0 ? of.Deviation / sum : 0))];
    }

    private static Tensor? Labels(GeneratorConfig config, ScalarType precision, Device device)
    {
        if (config.LabelSize == 0)
            return null;
        var labels = zeros([Samples, config.LabelSize], precision, device);
        for (int i = 0; i < Samples; i++)
            labels[i].narrow(0, i % config.LabelSize, 1).fill_(TensorArithmetic.Number(1));
        return labels;
    }
}
