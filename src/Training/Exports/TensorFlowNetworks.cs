using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Atelier.Storage.Safetensors;
using Atelier.Training.Pickles;

namespace Atelier.Training.Exports;

/// <summary>
/// Networks of the TensorFlow trainers (stylegan2's configurations E and F, stylegan2-ada), by the names of the published PyTorch models.
/// Their pickles hold G, D and the averaged G, each with its variables by name; weights have their inputs before their outputs.
/// </summary>
/// <remarks>
/// TensorFlow correlates an enlarged image with a weight where the PyTorch models convolve, so weights that go up are reversed. The bias of a
/// style is kept without the 1 that is added to it.
/// </remarks>
internal static partial class TensorFlowNetworks
{
    private const string Average = "G_ema";
    private const int OldestVersion = 4;

    private static readonly string[] GeneratorParts = ["mapping", "synthesis"];

    // Shapes tell the sizes; the rest is of training, speed or precision.
    private static readonly HashSet<string> OtherArguments =
    [
        "architecture", "conv_clamp", "dlatent_avg_beta", "dlatent_broadcast", "dlatent_size", "dtype", "fmap_base", "fmap_max", "fmap_min", "freeze_layers", "fused_modconv",
        "label_fmaps", "label_size", "latent_size", "mapping_fmaps", "mapping_layers", "mbstd_group_size", "mbstd_num_features", "num_fp16_res", "randomize_noise",
        "resolution", "structure", "style_mixing_prob", "truncation_cutoff", "truncation_cutoff_val", "truncation_psi", "truncation_psi_val", "w_avg_beta",
    ];

    private static readonly Dictionary<string, Func<object?, bool>> NeededArguments = new(StringComparer.Ordinal)
    {
        ["fmap_const"] = value => value is null,
        ["fmap_decay"] = value => value is 1L or 1.0,
        ["mapping_func"] = value => PickledText.Of(value) == "G_mapping",
        ["mapping_lrmul"] = value => value is 0.01,
        ["mapping_nonlinearity"] = value => PickledText.Of(value) == "lrelu",
        ["nonlinearity"] = value => PickledText.Of(value) == "lrelu",
        ["normalize_latents"] = value => value is true,
        ["num_channels"] = value => value is 3L,
        ["resample_kernel"] = value => value is List<object?> and [1L, 3L, 3L, 1L],
        ["synthesis_func"] = value => PickledText.Of(value) is "G_synthesis_stylegan2" or "G_synthesis",
        ["use_noise"] = value => value is true,
    };

    /// <summary>The networks of a file: a tuple of G, D and the averaged G, or one generator.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static IReadOnlyList<PublishedNetwork> In(object? root) => root switch
    {
        TensorFlowNetwork only => [Generator(Average, only)],
        object?[] and [TensorFlowNetwork trained, TensorFlowNetwork discriminator, TensorFlowNetwork average] =>
            [Generator(Average, average), Generator("G", trained), new PublishedNetwork("D", () => DiscriminatorTensors(discriminator), () => null)],
        _ => throw new InvalidDataException("it contains a tuple of something else than the networks G, D and Gs"),
    };

    private static PublishedNetwork Generator(string name, TensorFlowNetwork network) => new(
        name, () => GeneratorTensors(name, network), () => PartsOf(network).Select(part => Arguments(name, part)).Select(all => NetworkArguments.Clamp(all.GetValueOrDefault("conv_clamp"))).Max());

    private static Dictionary<string, TorchTensor> GeneratorTensors(string name, TensorFlowNetwork network)
    {
        RequireBuiltBy(name, network, "G_main");
        var components = network.State["components"] as PickledDictionary ?? throw new InvalidDataException($"its {name} has no components");
        if (components.Keys.Except(GeneratorParts).FirstOrDefault() is { } other)
            throw new InvalidDataException($"its {name} has the component {other}, which StyleGAN2 generators do not have");
        var tensors = new TensorTable(name);
        foreach (var (variable, value) in Variables(name, network).Where(variable => variable.Name != "lod"))
            tensors.Add(variable, variable == "dlatent_avg" ? "mapping.w_avg" : null, Read(variable, value));
        foreach (var part in GeneratorParts)
        {
            var component = components[part] as TensorFlowNetwork ?? throw new InvalidDataException($"its {name} has no {part} network");
            RequireBuiltBy(name, component, part == "mapping" ? ["G_mapping"] : ["G_synthesis_stylegan2", "G_synthesis"]);
            foreach (var (variable, value) in Variables(name, component))
            {
                var (target, tensor) = part == "mapping" ? Mapping(name, variable, Read(variable, value)) : Synthesis(name, variable, Read(variable, value));
                tensors.Add($"{part}/{variable}", target is null ? null : $"{part}.{target}", tensor);
            }
        }
        return tensors.WithFilters(hasFilter: resolution => $"synthesis.b{resolution}.resample_filter");
    }

    private static (string? Name, TorchTensor Tensor) Mapping(string network, string variable, TorchTensor tensor)
    {
        if (variable.StartsWith("LabelConcat/", StringComparison.Ordinal))
            throw new InvalidDataException($"its {network} takes labels as stylegan2 for TensorFlow does, which differs from the later versions; networks of it can be read without labels only");
        var match = MappingVariable().Match(variable);
        if (!match.Success)
            return (null, tensor);
        string layer = match.Groups["layer"].Success ? $"fc{match.Groups["layer"].Value}" : "embed";
        return ($"{layer}.{match.Groups["part"].Value}", match.Groups["part"].Value == "weight" ? Oriented(variable, tensor, 2) : tensor);
    }

    private static (string? Name, TorchTensor Tensor) Synthesis(string network, string variable, TorchTensor tensor)
    {
        if (variable == "lod" || variable.StartsWith("ToRGB_lod", StringComparison.Ordinal))
            throw new InvalidDataException($"its {network} grows (it has the variable {variable}), as configurations A to D do; of stylegan2 for TensorFlow, E and F can be read");
        if (variable == "4x4/Const/const" && tensor.Shape.Length == 4 && tensor.Shape[0] == 1)
            return ("b4.const", tensor.First());
        if (NoiseVariable().Match(variable) is { Success: true } noise && tensor.Shape.Length == 4 && tensor.Shape[0] == 1 && tensor.Shape[1] == 1)
        {
            int index = int.Parse(noise.Groups["index"].Value, CultureInfo.InvariantCulture);
            return ($"b{1 << ((index + 5) / 2)}.conv{(index == 0 ? 1 : (index + 1) % 2)}.noise_const", tensor.First().First());
        }
        var match = SynthesisVariable().Match(variable);
        if (!match.Success)
            return (null, tensor);
        string kind = match.Groups["layer"].Value, part = match.Groups["part"].Value;
        string layer = $"b{match.Groups["resolution"].Value}.{(kind switch { "Conv0_up" => "conv0", "ToRGB" => "torgb", "Skip" => "skip", _ => "conv1" })}";
        return part switch
        {
            "weight" when kind is "Conv0_up" or "Skip" => ($"{layer}.weight", Oriented(variable, tensor, 4).Flip(2, 3)),
            "weight" => ($"{layer}.weight", Oriented(variable, tensor, 4)),
            "mod_weight" => ($"{layer}.affine.weight", Oriented(variable, tensor, 2)),
            "mod_bias" => ($"{layer}.affine.bias", PlusOne(tensor)),
            _ => ($"{layer}.{part}", tensor),
        };
    }

    private static Dictionary<string, TorchTensor> DiscriminatorTensors(TensorFlowNetwork network)
    {
        RequireBuiltBy("D", network, "D_stylegan2", "D_main");
        if (Arguments("D", network).GetValueOrDefault("label_size") is not (null or 0L))
            throw new InvalidDataException("its D takes labels as the TensorFlow trainers do, which differs from the later versions; without --all the generator alone is read");
        var tensors = new TensorTable("D");
        foreach (var (variable, value) in Variables("D", network).Where(variable => variable.Name != "lod"))
        {
            var tensor = Read(variable, value);
            var match = DiscriminatorVariable().Match(variable);
            string part = match.Groups["part"].Value;
            string layer = match.Groups["layer"].Value switch { "" => "out", "Dense0" => "fc", "Conv1_down" => "conv1", var other => other.ToLowerInvariant() };
            string resolution = match.Groups["resolution"] is { Success: true } of ? of.Value : "4";
            tensors.Add(variable, match.Success ? $"b{resolution}.{layer}.{part}" : null, !match.Success || part == "bias" ? tensor : Oriented(variable, tensor, layer is "fc" or "out" ? 2 : 4));
        }
        return tensors.WithFilters(hasFilter: resolution => resolution == 4 ? null : $"b{resolution}.resample_filter");
    }

    // All parts have the arguments of the whole.
    private static IEnumerable<TensorFlowNetwork> PartsOf(TensorFlowNetwork network) =>
        network.State["components"] is PickledDictionary components ? [network, .. components.Keys.Select(key => components[key]).OfType<TensorFlowNetwork>()] : [network];

    private static Dictionary<string, object?> Arguments(string name, TensorFlowNetwork network)
    {
        var given = network.State["static_kwargs"] as PickledDictionary ?? throw new InvalidDataException($"its {name} has no static_kwargs");
        var all = given.Keys.ToDictionary(key => key, key => given[key], StringComparer.Ordinal);
        foreach (var key in all.Keys)
        {
            if (NeededArguments.TryGetValue(key, out var holds))
                NetworkArguments.Require(all, key, holds);
            else if (!OtherArguments.Contains(key))
                throw new InvalidDataException($"its {name} was built with the argument {key}, which the published networks do not have");
        }
        return all;
    }

    private static void RequireBuiltBy(string name, TensorFlowNetwork network, params string[] functions)
    {
        if (network.State["version"] is not long version || version < OldestVersion)
            throw new InvalidDataException($"its {name} has the format version {network.State["version"] ?? "None"}, as StyleGAN's pickles do; StyleGAN2's, {OldestVersion}, can be read");
        if (PickledText.Of(network.State["build_func_name"]) is not { } function || !functions.Contains(function))
            throw new InvalidDataException($"its {name} was built by {PickledText.Of(network.State["build_func_name"]) ?? "no function"}; networks of {string.Join(" or ", functions)} can be read");
    }

    private static IEnumerable<(string Name, object? Value)> Variables(string name, TensorFlowNetwork network)
    {
        foreach (var pair in network.State["variables"] as List<object?> ?? throw new InvalidDataException($"its {name} has no variables"))
        {
            yield return pair is object?[] and [var key, var value] && PickledText.Of(key) is { } variable
                ? (variable, value)
                : throw new InvalidDataException($"its {name} has a variable without a name");
        }
    }

    private static TorchTensor Read(string variable, object? value)
    {
        var (shape, bytes) = value switch
        {
            PickledArray { Type: "f4" } array => (array.Shape, array.Bytes),
            double number => ([], BitConverter.GetBytes((float)number)),
            PickledArray array => throw new InvalidDataException($"its variable {variable} has the type {array.Type}; float32 (f4) can be read"),
            _ => throw new InvalidDataException($"its variable {variable} is not an array"),
        };
        var storage = new TorchStorage(TensorDtype.F32, bytes.Length / sizeof(float));
        storage.ReadFrom(() => bytes);
        return TorchTensor.Whole(storage, shape);
    }

    /// <summary>[in, out] to [out, in], and [height, width, in, out] to [out, in, height, width].</summary>
    private static TorchTensor Oriented(string variable, TorchTensor tensor, int dimensions) =>
        tensor.Shape.Length != dimensions ? throw new InvalidDataException($"its variable {variable} has shape [{string.Join(", ", tensor.Shape)}], but such a weight has {dimensions} dimensions")
        : dimensions == 2 ? tensor.Permute(1, 0) : tensor.Permute(3, 2, 0, 1);

    private static TorchTensor PlusOne(TorchTensor bias)
    {
        var bytes = bias.Storage.Bytes().ToArray();
        foreach (ref float value in MemoryMarshal.Cast<byte, float>(bytes.AsSpan()))
            value += 1;
        var storage = new TorchStorage(TensorDtype.F32, bias.Storage.Count);
        storage.ReadFrom(() => bytes);
        return bias with { Storage = storage };
    }

    [GeneratedRegex(@"^(?:Dense(?<layer>\d{1,3})|LabelEmbed)/(?<part>weight|bias)$")]
    private static partial Regex MappingVariable();

    [GeneratedRegex(@"^noise(?<index>\d|[1-3]\d)$")]
    private static partial Regex NoiseVariable();

    [GeneratedRegex(@"^(?<resolution>\d{1,5})x\k<resolution>/(?<layer>Conv|Conv0_up|Conv1|ToRGB|Skip)/(?<part>weight|bias|noise_strength|mod_weight|mod_bias)$")]
    private static partial Regex SynthesisVariable();

    [GeneratedRegex(@"^(?:(?<resolution>\d{1,5})x\k<resolution>/(?<layer>FromRGB|Conv0|Conv1_down|Skip|Conv|Dense0)|Output)/(?<part>weight|bias)$")]
    private static partial Regex DiscriminatorVariable();
}

/// <summary>Tensors by their names; every name once.</summary>
/// <param name="network">Whose they are, for messages.</param>
internal sealed class TensorTable(string network)
{
    private readonly Dictionary<string, TorchTensor> _tensors = new(StringComparer.Ordinal);

    /// <param name="source">Its name in the file, for messages.</param>
    /// <param name="name">Its name here; null for one that such networks do not have.</param>
    /// <param name="tensor">Its numbers.</param>
    public void Add(string source, string? name, TorchTensor tensor)
    {
        if (name is null)
            throw new InvalidDataException($"its {network} has the variable {source}, which StyleGAN2 networks do not have");
        if (!_tensors.TryAdd(name, tensor))
            throw new InvalidDataException($"its {network} has {source} twice");
    }

    /// <summary>The tensors, and the constant filters [1, 3, 3, 1] that the published models keep with each convolution and block.</summary>
    /// <param name="hasFilter">The name of a block's own; null for a block without.</param>
    public Dictionary<string, TorchTensor> WithFilters(Func<int, string?> hasFilter)
    {
        float[] taps = [1, 3, 3, 1];
        float[] values = [.. taps.SelectMany(row => taps.Select(column => row * column / 64))];
        var bytes = MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        var storage = new TorchStorage(TensorDtype.F32, taps.Length * taps.Length);
        storage.ReadFrom(() => bytes);
        var filter = TorchTensor.Whole(storage, [taps.Length, taps.Length]);
        foreach (var name in _tensors.Keys.ToList())
        {
            var parts = name.Split('.');
            if (parts is [.., var block, var layer, "weight"] && block[0] == 'b' && (layer.StartsWith("conv", StringComparison.Ordinal) || layer is "skip" or "fromrgb"))
            {
                _tensors[$"{string.Join('.', parts[..^1])}.resample_filter"] = filter;
                if (hasFilter(int.Parse(block[1..], CultureInfo.InvariantCulture)) is { } own)
                    _tensors[own] = filter;
            }
        }
        return _tensors;
    }
}
