using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Atelier.Core;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Detectors;

/// <summary>
/// A published feature detector: a TorchScript module with keyword arguments. It carries code of its own, so only files that
/// are known by their hash, or that the user names, are loaded. Safe from several threads.
/// </summary>
public sealed class ScriptDetector : IDisposable
{
    private readonly jit.ScriptModule _module;
    private readonly ScriptSignature _signature;
    private readonly Device _device;

    private ScriptDetector(string path, string sha256, jit.ScriptModule module, ScriptSignature signature, Device device) =>
        (Path, Sha256, _module, _signature, _device) = (path, sha256, module, signature, device);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of the file, in hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Loads a detector.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">The hash that it must have; null for any, where the user named the file.</param>
    /// <param name="flags">Keyword arguments that its <c>forward</c> must take.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="UserErrorException">The file has another hash, is not TorchScript, or its forward has another signature.</exception>
    public static ScriptDetector Load(string path, string? sha256, string[] flags, Device device)
    {
        ArgumentNullException.ThrowIfNull(flags);
        ArgumentNullException.ThrowIfNull(device);
        string found = HashOf(path);
        if (sha256 is not null && !found.Equals(sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new UserErrorException(
                $"{path} is not the published detector: its SHA-256 is {found}, but the published file has {sha256}. Download it again; to use a different detector, name its file in --detectors.");
        }
        UserErrorException Unfit(string reason, Exception cause) => new(
            $"{path} cannot be used as a detector: {reason}. It must be TorchScript whose forward takes images and {string.Join(", ", flags)}.", cause);
        jit.ScriptModule module;
        try
        {
            module = jit.load(path, device);
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or FileNotFoundException)
        {
            throw Unfit(e.Message.Split('\n')[0], e);
        }
        module.eval();
        var signature = ScriptSignature.Read(path, flags);
        if (flags.FirstOrDefault(flag => !signature.Takes(flag)) is { } missing)
        {
            module.Dispose();
            throw Unfit(
                $"its {signature} does not accept the flag {missing}", new KeyNotFoundException(missing));
        }
        return new ScriptDetector(path, found, module, signature, device);
    }

    /// <summary>Calls <c>forward(images, **flags)</c>.</summary>
    /// <param name="images">[N, 3, H, W], values from 0 to 255.</param>
    /// <param name="flags">Keyword arguments and their values.</param>
    /// <returns>On the host.</returns>
    /// <exception cref="OpException">The module failed.</exception>
    public Tensor Run(Tensor images, params (string Name, bool Value)[] flags)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return RunInGraph(images, flags).cpu().MoveToOuterDisposeScope();
    }

    /// <summary>Like <see cref="Run"/>, but differentiable by the images; the result stays on the detector's device.</summary>
    public Tensor RunInGraph(Tensor images, params (string Name, bool Value)[] flags)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var there = images.to(_device);
        // TorchSharp passes arguments by their places only.
        object[] arguments = [there, .. _signature.Flags.Select(flag => (object)flags.FirstOrDefault(given => given.Name == flag.Name, flag).Value)];
        object result;
        try
        {
            result = _module.call(arguments);
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            throw new OpException($"{System.IO.Path.GetFileName(Path)}({OpException.Shape(there)}): {e.Message.Split('\n')[0]}", e);
        }
        return result is Tensor features
            ? features.MoveToOuterDisposeScope()
            : throw new OpException($"{System.IO.Path.GetFileName(Path)} returned a {result.GetType().Name}, not a tensor");
    }

    /// <inheritdoc/>
    public void Dispose() => _module.Dispose();

    private static string HashOf(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"the detector {path} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>One of the outputs of a published detector.</summary>
/// <param name="detector">The detector; not owned.</param>
/// <param name="flag">The keyword argument that asks for the output.</param>
public sealed class ScriptFeatures(ScriptDetector detector, string flag) : IFeatureNet
{
    /// <summary>Asks a detector for the features before its last layer.</summary>
    public const string Features = "return_features";

    /// <summary>Asks Inception for class probabilities as the inception score wants them.</summary>
    public const string Probabilities = "no_output_bias";

    /// <inheritdoc/>
    public string Identity => $"{detector.Sha256} {flag}";

    /// <inheritdoc/>
    /// <exception cref="OpException">The detector failed, or its output is not one row per image.</exception>
    Tensor IFeatureNet.Features(Tensor images)
    {
        var features = detector.Run(images, (flag, true));
        return features.dim() == 2 && features.shape[0] == images.shape[0]
            ? features
            : throw new OpException($"{detector.Path} returned [{string.Join(", ", features.shape)}] for {images.shape[0]} images with {flag}; expected one row per image");
    }
}

/// <summary>
/// What a TorchScript file's <c>forward</c> takes after the images: boolean flags, by their places and defaults. Read from the
/// source that the file carries, because TorchSharp shows neither names nor defaults.
/// </summary>
/// <param name="Flags">In order.</param>
internal sealed partial record ScriptSignature(IReadOnlyList<(string Name, bool Value)> Flags)
{
    /// <summary>The signature of the <c>forward</c> that takes the most of <paramref name="wanted"/>: a file has one per submodule.</summary>
    public static ScriptSignature Read(string path, string[] wanted)
    {
        using var archive = ZipFile.OpenRead(path);
        var best = new ScriptSignature([]);
        foreach (var entry in archive.Entries.Where(entry => entry.Name.EndsWith(".py", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(entry.Open());
            foreach (Match forward in Forward().Matches(reader.ReadToEnd()))
            {
                var signature = new ScriptSignature([.. Flag().Matches(forward.Groups[1].Value).Select(flag => (flag.Groups[1].Value, flag.Groups[2].Value == "True"))]);
                if (wanted.Count(signature.Takes) > wanted.Count(best.Takes) || best.Flags.Count == 0)
                    best = signature;
            }
        }
        return best;
    }

    public bool Takes(string flag) => Flags.Any(taken => taken.Name == flag);

    /// <inheritdoc/>
    public override string ToString() => $"forward({string.Join(", ", Flags.Select(flag => flag.Name).Prepend("images"))})";

    [GeneratedRegex(@"def forward\(self: [^,]+,\s*\w+: Tensor,?([^)]*)\)")]
    private static partial Regex Forward();

    [GeneratedRegex(@"(\w+): bool=(True|False)")]
    private static partial Regex Flag();
}
