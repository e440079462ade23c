using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Storage.Safetensors;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Exports;

/// <summary>Which networks of a run a file is to hold.</summary>
public enum ExportedNetworks
{
    /// <summary>The averaged generator, without a prefix.</summary>
    Average,

    /// <summary>The generator that is being trained, without a prefix.</summary>
    Trained,

    /// <summary>G, D and G_ema, each with its prefix.</summary>
    All,
}

/// <summary>
/// Networks as <c>.safetensors</c> with the published state-dict names: one generator without prefix, or G, D and G_ema
/// with theirs.
/// </summary>
public static class NetworkFile
{
    private const string ClampKey = "conv_clamp";

    /// <summary>Writes a run's networks.</summary>
    public static void Save(string path, TrajectoryState state, ExportedNetworks networks)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        var tensors = new List<NamedTensor>();
        var model = state.Model;
        if (networks != ExportedNetworks.All)
        {
            AddNetwork(tensors, "", model.GeneratorLayout, networks == ExportedNetworks.Trained ? state.Generator : state.GeneratorAverage);
        }
        else
        {
            AddNetwork(tensors, "G_ema.", model.GeneratorLayout, state.GeneratorAverage);
            AddNetwork(tensors, "G.", model.GeneratorLayout, state.Generator);
            AddNetwork(tensors, "D.", model.DiscriminatorLayout, state.Discriminator);
        }
        var metadata = MetadataOf(model.Generator);
        metadata["kimg"] = (state.ImageCount / 1000.0).ToString(CultureInfo.InvariantCulture);
        GrowthMetadata.Write(metadata, model.Generator, state.Stage);
        SafetensorsTensors.Write(path, tensors, metadata);
    }

    /// <summary>What a file says of its networks beside their tensors.</summary>
    internal static Dictionary<string, string> MetadataOf(GeneratorConfig config)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        if (config.ConvClamp is { } clamp)
            metadata[ClampKey] = clamp.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>Reads the generator of a file for use.</summary>
    /// <exception cref="UserErrorException">The file is missing, malformed, or holds no StyleGAN2 generator.</exception>
    public static LoadedGenerator LoadGenerator(string path, ScalarType precision, Device device)
    {
        using var file = SafetensorsReader.Open(path);
        string prefix = new[] { "G_ema.", "G.", "" }.First(candidate => candidate.Length == 0 || file.Contains(candidate + Generator.MeanStyleName));
        var shapes = file.Entries
            .Where(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Name[prefix.Length..], entry => entry.Shape, StringComparer.Ordinal);
        double? clamp = file.Metadata.TryGetValue(ClampKey, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : null;
        var (config, stage) = GrowthMetadata.Read(file.Metadata, GeneratorShape.Infer(shapes, clamp, path), path);
        var loaded = new LoadedGenerator(config, precision, device);
        loaded.Network.Stage = stage;
        Fill(file, prefix, loaded.Layout, loaded.Values);
        return loaded;
    }

    /// <summary>The averaged generator of a state, for use; independent of the state afterwards.</summary>
    public static LoadedGenerator Use(TrajectoryState state, Device device)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var loaded = new LoadedGenerator(state.Model.Generator, state.Precision, device);
        loaded.Values.copy_(state.GeneratorAverage);
        loaded.Network.Stage = state.Stage;
        return loaded;
    }

    /// <summary>
    /// Starts a run from a file's networks (transfer learning): G and G_ema from whichever generators it has, D if it has one.
    /// </summary>
    /// <returns>The networks that were taken.</returns>
    /// <exception cref="UserErrorException">The file has no generator, or one of another shape.</exception>
    public static IReadOnlyList<string> Initialise(TrajectoryState state, string path)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var file = SafetensorsReader.Open(path);
        var (average, trained, discriminator) = PrefixesIn(file);
        var taken = new List<string> { "G_ema", "G" };
        Fill(file, average, state.Model.GeneratorLayout, state.GeneratorAverage);
        Fill(file, trained, state.Model.GeneratorLayout, state.Generator);
        if (discriminator is not null)
        {
            Fill(file, discriminator, state.Model.DiscriminatorLayout, state.Discriminator);
            taken.Add("D");
        }
        return taken;
    }

    /// <summary>Checks, from the header alone, that <see cref="Initialise"/> will take a file.</summary>
    /// <exception cref="UserErrorException">The file is missing, malformed, has no generator, or one of another shape.</exception>
    public static void RequireFits(string path, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var file = SafetensorsReader.Open(path);
        var (average, trained, discriminator) = PrefixesIn(file);
        RequireFits(file, average, model.GeneratorLayout);
        RequireFits(file, trained, model.GeneratorLayout);
        if (discriminator is not null)
            RequireFits(file, discriminator, model.DiscriminatorLayout);
    }

    private static (string Average, string Trained, string? Discriminator) PrefixesIn(SafetensorsReader file)
    {
        bool Has(string prefix) => file.Contains(prefix + Generator.MeanStyleName);
        string average = Has("G_ema.") ? "G_ema." : Has("") ? "" : Has("G.") ? "G." : throw new UserErrorException($"{file.Source}: the file contains no StyleGAN2 generator to start from");
        bool hasDiscriminator = file.Entries.Any(entry => entry.Name.StartsWith("D.", StringComparison.Ordinal));
        return (average, Has("G.") ? "G." : average, hasDiscriminator ? "D." : null);
    }

    private static void AddNetwork(List<NamedTensor> tensors, string prefix, NetworkLayout layout, Tensor flat)
    {
        foreach (var entry in layout.Entries)
            tensors.Add(new NamedTensor(prefix + entry.Name, flat.narrow(0, entry.Offset, entry.Count).view(entry.Shape)));
        var filter = ResamplingFilter.Binomial.ToTensor(flat.dtype, flat.device);
        foreach (var name in layout.FilterNames)
            tensors.Add(new NamedTensor(prefix + name, filter));
    }

    private static void Fill(SafetensorsReader file, string prefix, NetworkLayout layout, Tensor flat)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        RequireFits(file, prefix, layout);
        foreach (var entry in layout.Entries)
            flat.narrow(0, entry.Offset, entry.Count).copy_(SafetensorsTensors.Read(file, prefix + entry.Name).flatten());
    }

    private static void RequireFits(SafetensorsReader file, string prefix, NetworkLayout layout)
    {
        foreach (var entry in layout.Entries)
        {
            if (!file.Contains(prefix + entry.Name))
                throw new UserErrorException($"{file.Source}: the file has no '{prefix}{entry.Name}', which this network needs; channel-base, channel-max, mapping-layers, z-dim, w-dim, the architectures and the resolution must be those of the file");
            var stored = file[prefix + entry.Name];
            if (!stored.Shape.SequenceEqual(entry.Shape))
                throw new UserErrorException($"{file.Source}: '{prefix}{entry.Name}' has shape [{string.Join(',', stored.Shape)}], but this network has [{string.Join(',', entry.Shape)}]; channel-base, channel-max, mapping-layers, z-dim, w-dim, the architectures and the resolution must be those of the file");
        }
    }
}

/// <summary>A generator for use, with the buffer that holds its weights.</summary>
public sealed class LoadedGenerator : IDisposable
{
    private readonly NetworkViews _views;

    internal LoadedGenerator(GeneratorConfig config, ScalarType precision, Device device)
    {
        Layout = Generator.LayoutOf(config);
        Values = zeros([Layout.Length], precision, device).DetachFromDisposeScope();
        _views = new NetworkViews(Layout, Values);
        Network = new Generator(_views, config);
    }

    /// <summary>The network.</summary>
    public Generator Network { get; }

    /// <summary>SHA-256 of its weights, shape and stage: equal networks have equal digests, wherever they come from.</summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Network.Config.Shape.Width} {Network.Config.Shape.Height} {Network.Config} {Network.Stage}")));
            using var host = Values.cpu();
            hash.AppendData(host.bytes);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Where its tensors lie in <see cref="Values"/>.</summary>
    internal NetworkLayout Layout { get; }

    /// <summary>Its weights and buffers, [Length].</summary>
    internal Tensor Values { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _views.Release();
        Values.Dispose();
    }
}

/// <summary>
/// Reads a generator's shape off the names and shapes of its tensors, so that weights need no description beside them:
/// published ones load as they are.
/// </summary>
internal static class GeneratorShape
{
    /// <param name="shapes">Shapes by state-dict name, without prefix.</param>
    /// <param name="convClamp">Not visible in the weights.</param>
    /// <param name="source">Where the weights come from, for messages.</param>
    /// <exception cref="UserErrorException">The names are not those of a StyleGAN2 generator.</exception>
    public static GeneratorConfig Infer(IReadOnlyDictionary<string, long[]> shapes, double? convClamp, string source)
    {
        long[] Shape(string name) => shapes.TryGetValue(name, out var shape)
            ? shape
            : throw new UserErrorException($"{source}: this is not a StyleGAN2 generator: it has no tensor '{name}'");

        int style = (int)Shape(Generator.MeanStyleName)[0];
        int labels = shapes.TryGetValue("mapping.embed.weight", out var embed) ? (int)embed[1] : 0;
        int latent = (int)Shape("mapping.fc0.weight")[1] - (labels > 0 ? style : 0);
        int layers = Enumerable.Range(0, 64).TakeWhile(i => shapes.ContainsKey($"mapping.fc{i}.weight")).Count();
        var resolutions = Resolutions(shapes);
        if (resolutions.Length == 0)
            throw new UserErrorException($"{source}: this is not a StyleGAN2 generator: it has no synthesis blocks");
        int top = resolutions[^1];
        var size = Shape($"synthesis.b{top}.conv1.noise_const");
        int ChannelsAt(int resolution) => (int)Shape($"synthesis.b{resolution}.conv1.weight")[0];
        int channelMax = resolutions.Max(ChannelsAt);
        // Where every block has the most channels, any base that large says the same.
        int channelBase = resolutions.Max(resolution => ChannelsAt(resolution) * resolution);
        var architecture = shapes.Keys.Any(name => name.EndsWith(".skip.weight", StringComparison.Ordinal)) ? NetworkArchitecture.Resnet
            : shapes.ContainsKey($"synthesis.b{resolutions[0]}.torgb.weight") && resolutions.Length > 1 ? NetworkArchitecture.Skip
            : resolutions.Length == 1 ? NetworkArchitecture.Skip
            : NetworkArchitecture.Orig;
        // Only adaptive normalisation has a layer at the constant, and only PIN a ρ.
        var normalisation = !shapes.ContainsKey($"synthesis.b{resolutions[0]}.conv0.bias") ? Normalisation.Demodulation
            : shapes.ContainsKey($"synthesis.b{top}.conv1.{PixelInstanceNorm.ShareName}") ? Normalisation.Pin
            : Normalisation.Instance;
        return new GeneratorConfig(new ImageShape((int)size[1], (int)size[0]), latent, style, labels, channelBase, channelMax, layers, architecture, convClamp, normalisation);
    }

    private static int[] Resolutions(IReadOnlyDictionary<string, long[]> shapes) =>
        [.. shapes.Keys
            .Where(name => name.StartsWith("synthesis.b", StringComparison.Ordinal) && name.EndsWith(".conv1.weight", StringComparison.Ordinal))
            .Select(name => int.Parse(name["synthesis.b".Length..^".conv1.weight".Length], CultureInfo.InvariantCulture))
            .Order()];
}

/// <summary>What the weights of a generator do not tell: from where it grows, and how far it had come.</summary>
internal static class GrowthMetadata
{
    private const string FirstLevelKey = "growing_first_level";
    private const string LevelKey = "growing_level";
    private const string FadeKey = "growing_fade";
    private const string PixelShareKey = "pin_schedule";

    public static void Write(IDictionary<string, string> metadata, GeneratorConfig config, NetworkStage stage)
    {
        if (config.FirstLevel is { } first)
        {
            metadata[FirstLevelKey] = first.ToString(CultureInfo.InvariantCulture);
            metadata[LevelKey] = stage.Level.ToString(CultureInfo.InvariantCulture);
            metadata[FadeKey] = stage.Fade.ToString("R", CultureInfo.InvariantCulture);
        }
        if (config.Normalisation == Normalisation.Pin)
            metadata[PixelShareKey] = stage.PixelShare.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <exception cref="UserErrorException">A value is no number of its range.</exception>
    public static (GeneratorConfig Config, NetworkStage Stage) Read(IReadOnlyDictionary<string, string> metadata, GeneratorConfig config, string source)
    {
        double Number(string key, double absent, double most) => !metadata.TryGetValue(key, out var text) ? absent
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && value <= most ? value
            : throw new UserErrorException($"{source}: its metadata has {key} {text}, which must be from 0 to {most}");
        int levels = config.Shape.Doublings;
        double pixelShare = Number(PixelShareKey, 1, 1);
        if (!metadata.ContainsKey(FirstLevelKey))
            return (config, new NetworkStage(levels, 1, pixelShare));
        int first = (int)Number(FirstLevelKey, 0, levels);
        // With images at the first levels too it looks like a network of skips.
        return (config with { Architecture = NetworkArchitecture.Orig, FirstLevel = first }, new NetworkStage(Math.Max(first, (int)Number(LevelKey, levels, levels)), Number(FadeKey, 1, 1), pixelShare));
    }
}
