using Atelier.Core;
using Atelier.Core.Specs;
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
            spec.Batch, spec.Phases, new LossOptions(spec.Gamma, spec.PlWeight, spec.PlDecay, spec.PlBatchShrink),
            spec.AdamFor(Core.Schedules.TrainedNetwork.Generator), spec.AdamFor(Core.Schedules.TrainedNetwork.Discriminator),
            spec.EmaKimg, spec.EmaRampup, spec.WAvgBeta);
    }
}
