using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Networks;

namespace Atelier.Training.Benchmarks;

/// <summary>
/// Floating-point operations of the phases: convolutions and matrix products, a multiply-add as two, counted directly
/// (a Winograd convolution that needs fewer shows as a higher rate).
/// </summary>
/// <param name="generator">The generator.</param>
/// <param name="discriminator">The discriminator.</param>
public sealed class StepFlops(GeneratorConfig generator, DiscriminatorConfig discriminator)
{
    /// <summary>Operations of one generator pass for one image.</summary>
    public double GeneratorForward { get; } = OfGenerator(generator);

    /// <summary>Operations of one discriminator pass for one image.</summary>
    public double DiscriminatorForward { get; } = OfDiscriminator(discriminator);

    /// <summary>Operations of a phase over <paramref name="batch"/> images.</summary>
    /// <remarks>
    /// A backward pass costs one forward for the gradient of the inputs and one for that of the weights. A penalty on a
    /// gradient costs a forward, its gradient of the inputs, and two each for both of them on the way back: six.
    /// </remarks>
    public double Of(PhaseKind phase, int batch, int pathBatchShrink = 2) => phase switch
    {
        PhaseKind.Gmain => batch * ((3 * GeneratorForward) + (2 * DiscriminatorForward)),
        PhaseKind.Greg => batch / pathBatchShrink * 6 * GeneratorForward,
        PhaseKind.Dmain => batch * (GeneratorForward + (6 * DiscriminatorForward)),
        PhaseKind.Dreg => batch * 6 * DiscriminatorForward,
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "only the phases of lazy regularisation are counted"),
    };

    private static double OfGenerator(GeneratorConfig config)
    {
        double flops = 0;
        for (int level = 0; level <= config.Shape.Doublings; level++)
        {
            double pixels = Pixels(config.Shape, level);
            int channels = config.Channels(config.Shape.Resolution(level));
            if (level > 0)
            {
                int inputs = config.Channels(config.Shape.Resolution(level - 1));
                double below = Pixels(config.Shape, level - 1);
                flops += 2 * below * inputs * channels * 9; // a transposed convolution works on the pixels below
                if (config.Architecture == NetworkArchitecture.Resnet)
                    flops += 2 * pixels * inputs * channels;
            }
            flops += 2 * pixels * channels * channels * 9;
            if (config.Architecture == NetworkArchitecture.Skip || level == config.Shape.Doublings)
                flops += 2 * pixels * channels * 3;
        }
        double mapping = 2.0 * config.StyleSize * (config.LatentSize + (Math.Max(0, config.MappingLayers - 1) * config.StyleSize));
        return flops + mapping;
    }

    private static double OfDiscriminator(DiscriminatorConfig config)
    {
        double flops = 0;
        for (int level = config.Shape.Doublings; level > 0; level--)
        {
            double pixels = Pixels(config.Shape, level), below = Pixels(config.Shape, level - 1);
            int channels = config.Channels(config.Shape.Resolution(level)), outputs = config.Channels(config.Shape.Resolution(level - 1));
            if (level == config.Shape.Doublings || config.Architecture == NetworkArchitecture.Skip)
                flops += 2 * pixels * 3 * channels;
            flops += (2 * pixels * channels * channels * 9) + (2 * below * channels * outputs * 9);
            if (config.Architecture == NetworkArchitecture.Resnet)
                flops += 2 * below * channels * outputs;
        }
        double last = Pixels(config.Shape, 0);
        int top = config.Channels(config.Shape.Resolution(0));
        return flops + (2 * last * (top + config.MinibatchChannels) * top * 9) + (2 * last * top * top) + (2 * top);
    }

    private static double Pixels(ImageShape shape, int level)
    {
        var (width, height) = shape.Level(level);
        return (double)width * height;
    }
}
