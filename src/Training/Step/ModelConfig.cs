using Atelier.Training.Networks;

namespace Atelier.Training.Step;

/// <summary>The two networks of a run and the layouts of their flat buffers.</summary>
public sealed class ModelConfig
{
    /// <summary>Derives the layouts from the networks' shapes.</summary>
    public ModelConfig(GeneratorConfig generator, DiscriminatorConfig discriminator)
    {
        Generator = generator;
        Discriminator = discriminator;
        GeneratorLayout = Networks.Generator.LayoutOf(generator);
        DiscriminatorLayout = Networks.Discriminator.LayoutOf(discriminator);
        GeneratorBuffer = new PhaseBuffer(GeneratorLayout, generator.StyleSize);
        DiscriminatorBuffer = new PhaseBuffer(DiscriminatorLayout, generator.StyleSize);
    }

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
