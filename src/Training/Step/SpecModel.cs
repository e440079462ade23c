using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Networks;

namespace Atelier.Training.Step;

/// <summary>What a spec means for the networks and the step.</summary>
public static class SpecModel
{
    /// <summary>The networks of a resolved spec.</summary>
    /// <exception cref="UserErrorException">Its resolution cannot be built by doubling, or it keeps more layers than there are.</exception>
    public static ModelConfig ToModel(this RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var shape = new ImageShape(spec.Resolution.Width, spec.Resolution.Height);
        var discriminator = new DiscriminatorConfig(
            shape, spec.LabelDim, spec.ChannelBase, spec.ChannelMax, spec.DArch, spec.ConvClamp,
            spec.MbstdGroup, spec.MbstdChannels, spec.FreezeD);
        if (spec.FreezeD > 0 && Discriminator.FreezableLayers(discriminator) is var layers && spec.FreezeD > layers)
            throw new UserErrorException($"freeze-d {spec.FreezeD}: this discriminator has {layers} layers before its last block, so at most {layers} can be kept");
        return new ModelConfig(
            new GeneratorConfig(
                shape, spec.ZDim, spec.WDim, spec.LabelDim, spec.ChannelBase, spec.ChannelMax, spec.MappingLayers,
                spec.GArch, spec.ConvClamp),
            discriminator);
    }

    /// <summary>The step of a resolved spec.</summary>
    public static StepOptions ToStep(this RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new StepOptions(
            spec.Batch, spec.Phases, new LossOptions(spec.Gamma, spec.PlWeight, spec.PlDecay, spec.PlBatchShrink, spec.ToAugmentation()),
            spec.AdamFor(TrainedNetwork.Generator), spec.AdamFor(TrainedNetwork.Discriminator),
            spec.EmaKimg, spec.EmaRampup, spec.WAvgBeta);
    }

    private static AugmentationOptions? ToAugmentation(this RunSpec spec) => spec.Aug switch
    {
        AugmentationMode.None => null,
        AugmentationMode.Ada => new(spec.Augpipe.Transforms(), Adaptive: new AdaptiveAugmentation(spec.AdaTarget, spec.AdaKimg, spec.AdaInterval)),
        AugmentationMode.Fixed => new(spec.Augpipe.Transforms(), FixedP: spec.AugP),
        _ => throw new InvalidOperationException($"unknown augmentation {spec.Aug}"),
    };
}
