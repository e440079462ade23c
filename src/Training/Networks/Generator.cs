namespace Atelier.Training.Networks;

/// <summary>The StyleGAN2 generator (Karras et al. 2020): mapping and synthesis.</summary>
public sealed class Generator
{
    /// <summary>Name of the running mean of w in the flat buffer.</summary>
    public const string MeanStyleName = "mapping.w_avg";

    private readonly MappingNetwork _mapping;
    private readonly SynthesisNetwork _synthesis;

    /// <summary>Builds the network over <paramref name="tensors"/>.</summary>
    public Generator(INetworkTensors tensors, GeneratorConfig config)
    {
        Config = config;
        var mapping = tensors.Scope("mapping");
        _mapping = new MappingNetwork(mapping, config.LatentSize, config.LabelSize, config.StyleSize, config.MappingLayers);
        MeanStyle = mapping.Buffer("w_avg", [config.StyleSize], Initial.Zero);
        _synthesis = new SynthesisNetwork(tensors.Scope("synthesis"), config);
    }

    /// <summary>The network's shape.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>Running mean of w, [styleSize].</summary>
    public Tensor MeanStyle { get; }

    /// <summary>The layout of a generator's flat buffer.</summary>
    public static NetworkLayout LayoutOf(GeneratorConfig config) => NetworkLayout.Of(tensors => _ = new Generator(tensors, config));

    /// <summary>Latents to one style each.</summary>
    /// <param name="z">[N, latentSize]</param>
    /// <param name="labels">[N, labelSize], or null for an unconditional network.</param>
    /// <returns>w, [N, styleSize]</returns>
    public Tensor Map(Tensor z, Tensor? labels) => _mapping.Forward(z, labels);

    /// <summary>The same style for every layer.</summary>
    /// <param name="w">[N, styleSize]</param>
    /// <returns>[N, StyleCount, styleSize]</returns>
    public Tensor Broadcast(Tensor w) => w.unsqueeze(1).repeat(1, Config.StyleCount, 1);

    /// <summary>Moves styles towards the mean (Karras et al. 2019, the truncation trick in W).</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="psi">1 leaves them, 0 makes all the mean.</param>
    /// <param name="cutoff">Only the first so many styles; null for all.</param>
    /// <returns>[N, StyleCount, styleSize]</returns>
    public Tensor Truncate(Tensor styles, double psi, int? cutoff = null)
    {
        if (psi == 1)
            return styles;
        long first = Math.Min(cutoff ?? Config.StyleCount, Config.StyleCount);
        var near = MeanStyle + ((styles.narrow(1, 0, first) - MeanStyle) * psi); // [N,first,W]
        return first == Config.StyleCount ? near : TorchSharp.torch.cat([near, styles.narrow(1, first, Config.StyleCount - first)], 1);
    }

    /// <summary>Styles to images.</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="noise">What the layers add.</param>
    /// <returns>[N, 3, H, W], nominally in [-1, 1].</returns>
    public Tensor Synthesize(Tensor styles, NoiseInput noise) => _synthesis.Forward(styles, noise);
}
