using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Networks;

namespace Atelier.Training.Planning;

/// <summary>What one pass of a network costs for one image.</summary>
/// <param name="Flops">
/// Floating-point operations of convolutions and matrix products, a multiply-add as two, counted directly: a Winograd convolution that
/// needs fewer shows as a higher rate.
/// </param>
/// <param name="ActivationBytes">Bytes of float32 features that a gradient needs: what layers read and write, and what is kept for the way back.</param>
public readonly record struct PassCost(double Flops, double ActivationBytes)
{
    /// <summary>One after the other.</summary>
    public static PassCost operator +(PassCost a, PassCost b) => new(a.Flops + b.Flops, a.ActivationBytes + b.ActivationBytes);

    /// <summary>Several times.</summary>
    public static PassCost operator *(double times, PassCost cost) => new(times * cost.Flops, times * cost.ActivationBytes);
}

/// <summary>What the phases of a training step cost.</summary>
/// <param name="generator">The generator.</param>
/// <param name="discriminator">The discriminator.</param>
public sealed class StepCost(GeneratorConfig generator, DiscriminatorConfig discriminator)
{
    /// <summary>One generator pass for one image.</summary>
    public PassCost Generator { get; } = OfGenerator(generator);

    /// <summary>One discriminator pass for one image.</summary>
    public PassCost Discriminator { get; } = OfDiscriminator(discriminator);

    /// <summary>A phase over <paramref name="batch"/> images.</summary>
    /// <remarks>
    /// A backward pass costs one forward for the gradient of the inputs and one for that of the weights. A penalty on a gradient costs a
    /// forward, its gradient of the inputs, and two each for both of them on the way back: six.
    /// </remarks>
    public PassCost Of(PhaseKind phase, int batch, int pathBatchShrink = 2) => phase switch
    {
        PhaseKind.Gmain => batch * ((3 * Generator) + (2 * Discriminator)),
        PhaseKind.Greg => (double)batch / pathBatchShrink * 6 * Generator,
        PhaseKind.Dmain => batch * (Generator + (6 * Discriminator)),
        PhaseKind.Dreg => batch * (6 * Discriminator),
        PhaseKind.Gboth => Of(PhaseKind.Gmain, batch) + Of(PhaseKind.Greg, batch, pathBatchShrink),
        PhaseKind.Dboth => Of(PhaseKind.Dmain, batch) + Of(PhaseKind.Dreg, batch),
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "there is no such phase"),
    };

    /// <summary>An iteration, each phase as often as it comes.</summary>
    public PassCost Of(IEnumerable<Phase> phases, int batch, int pathBatchShrink = 2) =>
        phases.Aggregate(default(PassCost), (sum, phase) => sum + (1.0 / phase.Interval * Of(phase.Kind, batch, pathBatchShrink)));

    private static PassCost OfGenerator(GeneratorConfig config)
    {
        double flops = 0, features = 0;
        for (int level = 0; level <= config.Shape.Doublings; level++)
        {
            double pixels = Pixels(config.Shape, level);
            int channels = config.Channels(config.Shape.Resolution(level));
            if (level > 0)
            {
                int inputs = config.Channels(config.Shape.Resolution(level - 1));
                double below = Pixels(config.Shape, level - 1);
                flops += 2 * below * inputs * channels * 9; // a transposed convolution works on the pixels below
                features += 2 * pixels * channels; // before and after noise, bias and slope
                if (config.Architecture == NetworkArchitecture.Resnet)
                {
                    flops += 2 * pixels * inputs * channels;
                    features += pixels * channels;
                }
            }
            flops += 2 * pixels * channels * channels * 9;
            features += 2 * pixels * channels;
            if (config.HasImageLayer(level))
            {
                flops += 2 * pixels * channels * 3;
                features += 2 * pixels * 3;
            }
        }
        double mapping = 2.0 * config.StyleSize * (config.LatentSize + (Math.Max(0, config.MappingLayers - 1) * config.StyleSize));
        return new PassCost(flops + mapping, sizeof(float) * features);
    }

    private static PassCost OfDiscriminator(DiscriminatorConfig config)
    {
        double flops = 0, features = 0;
        for (int level = config.Shape.Doublings; level > 0; level--)
        {
            double pixels = Pixels(config.Shape, level), below = Pixels(config.Shape, level - 1);
            int channels = config.Channels(config.Shape.Resolution(level)), outputs = config.Channels(config.Shape.Resolution(level - 1));
            if (config.HasImageLayer(level))
            {
                flops += 2 * pixels * 3 * channels;
                features += 2 * pixels * channels;
            }
            flops += (2 * pixels * channels * channels * 9) + (2 * below * channels * outputs * 9);
            features += (3 * pixels * channels) + (2 * below * outputs); // blurred once, before the convolution that halves it
            if (config.Architecture == NetworkArchitecture.Resnet)
            {
                flops += 2 * below * channels * outputs;
                features += below * outputs;
            }
        }
        double last = Pixels(config.Shape, 0);
        int top = config.Channels(config.Shape.Resolution(0));
        flops += (2 * last * (top + config.MinibatchChannels) * top * 9) + (2 * last * top * top) + (2 * top);
        return new PassCost(flops, sizeof(float) * (features + (3 * last * top)));
    }

    private static double Pixels(ImageShape shape, int level)
    {
        var (width, height) = shape.Level(level);
        return (double)width * height;
    }
}
