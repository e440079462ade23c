using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>The two networks of a run and the layouts of their flat buffers.</summary>
public sealed class ModelConfig
{
    /// <summary>Derives the layouts from the networks' shapes.</summary>
    /// <param name="generator">The generator's shape.</param>
    /// <param name="discriminator">The discriminator's shape.</param>
    /// <param name="stages">What of them is in use over the images; null for all from the start.</param>
    public ModelConfig(GeneratorConfig generator, DiscriminatorConfig discriminator, StageSchedule? stages = null)
    {
        Stages = stages ?? new StageSchedule(generator.Shape.Doublings);
        Generator = generator;
        Discriminator = discriminator;
        GeneratorLayout = Networks.Generator.LayoutOf(generator);
        DiscriminatorLayout = Networks.Discriminator.LayoutOf(discriminator);
        GeneratorBuffer = new PhaseBuffer(GeneratorLayout, generator.StyleSize);
        DiscriminatorBuffer = new PhaseBuffer(DiscriminatorLayout, generator.StyleSize);
        PixelShares = PixelInstanceNorm.SharesOf(GeneratorLayout);
    }

    /// <summary>What of the networks is in use over the images.</summary>
    public StageSchedule Stages { get; }

    /// <summary>The ρ of pixel-instance normalisation among the generator's tensors; none without it.</summary>
    internal IReadOnlyList<LayoutEntry> PixelShares { get; }

    /// <summary>The generator's shape.</summary>
    public GeneratorConfig Generator { get; }

    /// <summary>The discriminator's shape.</summary>
    public DiscriminatorConfig Discriminator { get; }

    /// <summary>The generator's flat buffer; its running average has the same.</summary>
    public NetworkLayout GeneratorLayout { get; }

    /// <summary>The discriminator's flat buffer.</summary>
    public NetworkLayout DiscriminatorLayout { get; }

    /// <summary>What a shard adds to Gmain and Greg.</summary>
    public PhaseBuffer GeneratorBuffer { get; }

    /// <summary>What a shard adds to Dmain and Dreg.</summary>
    public PhaseBuffer DiscriminatorBuffer { get; }
}

/// <summary>What a spec means for the networks and the step.</summary>
public static class SpecModel
{
    /// <summary>The networks of a resolved spec.</summary>
    /// <exception cref="UserErrorException">Its resolution cannot be built by doubling.</exception>
    public static ModelConfig ToModel(this RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var shape = new ImageShape(spec.Resolution.Width, spec.Resolution.Height);
        var half = spec.Fp16Resolutions > 0 ? new HalfPrecision(ScalarType.Float16, spec.Fp16Resolutions)
            : spec.Bf16Resolutions > 0 ? new HalfPrecision(ScalarType.BFloat16, spec.Bf16Resolutions) : null;
        var discriminator = new DiscriminatorConfig(
            shape, spec.LabelDim, spec.ChannelBase, spec.ChannelMax, spec.DArch, spec.ConvClamp,
            spec.MbstdGroup, spec.MbstdChannels, spec.FreezeD, spec.Stages.Growth?.First) { Half = half };
        return new ModelConfig(
            new GeneratorConfig(
                shape, spec.ZDim, spec.WDim, spec.LabelDim, spec.ChannelBase, spec.ChannelMax, spec.MappingLayers,
                spec.GArch, spec.ConvClamp, spec.Normalisation, spec.Stages.Growth?.First) { Half = half },
            discriminator,
            spec.Stages);
    }

    /// <summary>The step of a resolved spec.</summary>
    public static StepOptions ToStep(this RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new StepOptions(
            spec.Batch, spec.Phases, new LossOptions(spec.Gamma, spec.PlWeight, spec.PlDecay, spec.PlBatchShrink, spec.ToAugmentation()),
            spec.AdamFor(TrainedNetwork.Generator), spec.AdamFor(TrainedNetwork.Discriminator),
            spec.EmaKimg, spec.EmaRampup, spec.WAvgBeta)
        {
            Growing = spec.Growing ? new GrowingSteps(level => (spec.BatchAt(level), spec.AdamAt(TrainedNetwork.Generator, level), spec.AdamAt(TrainedNetwork.Discriminator, level))) : null,
        };
    }

    private static AugmentationOptions? ToAugmentation(this RunSpec spec) => spec.Aug switch
    {
        AugmentationMode.None => null,
        AugmentationMode.Ada => new(spec.Augpipe.Transforms(), Adaptive: new AdaptiveAugmentation(spec.AdaTarget, spec.AdaKimg, spec.AdaInterval)),
        AugmentationMode.Fixed => new(spec.Augpipe.Transforms(), FixedP: spec.AugP),
        _ => throw new InvalidOperationException($"unknown augmentation {spec.Aug}"),
    };
}

/// <summary>
/// What one shard adds to a phase, as one flat tensor: the network's gradient, then the mean of w, the mean path
/// length, and the statistics. Everything a phase learns from a minibatch is in it, so one reduction carries it all.
/// </summary>
public sealed class PhaseBuffer
{
    private static readonly int StatisticCount = Enum.GetValues<PhaseStatistic>().Length;

    private readonly long _styleSize;

    /// <summary>The buffer of a phase that trains a network of <paramref name="layout"/>.</summary>
    public PhaseBuffer(NetworkLayout layout, int styleSize)
    {
        GradientLength = layout.ParameterLength;
        _styleSize = styleSize;
        Length = GradientLength + styleSize + StatisticCount;
    }

    /// <summary>Elements of the gradient, from 0.</summary>
    public long GradientLength { get; }

    /// <summary>Elements in all.</summary>
    public long Length { get; }

    /// <summary>The gradient, [GradientLength].</summary>
    public Tensor Gradient(Tensor buffer) => buffer.narrow(0, 0, GradientLength);

    /// <summary>The mean of w over the shard's images, [styleSize]; zero in Dreg.</summary>
    public Tensor MeanStyle(Tensor buffer) => buffer.narrow(0, GradientLength, _styleSize);

    /// <summary>All statistics, [one per <see cref="PhaseStatistic"/>].</summary>
    public Tensor Statistics(Tensor buffer) => buffer.narrow(0, GradientLength + _styleSize, StatisticCount);

    /// <summary>One statistic, [].</summary>
    public Tensor Statistic(Tensor buffer, PhaseStatistic statistic) => buffer.select(0, GradientLength + _styleSize + (int)statistic);
}

/// <summary>What a phase reports of its minibatch besides gradients; means over images, reduced like gradients.</summary>
public enum PhaseStatistic
{
    /// <summary>Gmain: the generator's loss.</summary>
    GeneratorLoss,

    /// <summary>Gmain and Dmain: logits of generated images.</summary>
    FakeScores,

    /// <summary>Gmain and Dmain: signs of those logits.</summary>
    FakeSigns,

    /// <summary>Greg: squared deviation of the path lengths, before its weight.</summary>
    PathPenalty,

    /// <summary>Greg: mean path length of the minibatch.</summary>
    PathLength,

    /// <summary>Dmain: the discriminator's loss, generated and real.</summary>
    DiscriminatorLoss,

    /// <summary>Dmain and Dreg: logits of real images.</summary>
    RealScores,

    /// <summary>Dmain and Dreg: signs of those logits.</summary>
    RealSigns,

    /// <summary>Dreg: squared gradient norm at real images, before its weight.</summary>
    GradientPenalty,
}
