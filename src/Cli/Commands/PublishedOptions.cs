using System.CommandLine;
using System.Globalization;
using Atelier.Core;
using Atelier.Core.Specs;

namespace Atelier.Cli.Commands;

/// <summary>
/// Options of the published trainers (stylegan2-ada-pytorch, stylegan3) that <c>train</c> takes under their names, so that their command
/// lines work; those that it does not take are answered with ours.
/// </summary>
internal sealed class PublishedOptions
{
    private readonly Option<string?> _cfg = Hidden<string?>("--cfg", "a recipe, by its published name");
    private readonly Option<double?> _gamma = Hidden<double?>("--gamma", "weight of R1");
    private readonly Option<int?> _batch = Hidden<int?>("--batch", "images per minibatch");
    private readonly Option<int?> _snap = Hidden<int?>("--snap", "ticks between snapshots");
    private readonly Option<double?> _tick = Hidden<double?>("--tick", "kimg per tick");
    private readonly Option<string?> _metrics = Hidden<string?>("--metrics", "metrics separated by commas, or none");
    private readonly Option<string?> _aug = Hidden<string?>("--aug", "noaug, ada or fixed");
    private readonly Option<string?> _augpipe = Hidden<string?>("--augpipe", "which augmentations");
    private readonly Option<double?> _target = Hidden<double?>("--target", "target of ADA");
    private readonly Option<double?> _p = Hidden<double?>("--p", "probability of each augmentation, with --aug fixed");
    private readonly Option<string?> _mirror = Hidden<string?>("--mirror", "also show mirrored images");
    private readonly Option<string?> _cond = Hidden<string?>("--cond", "train on labels");
    private readonly Option<string?> _resume = Hidden<string?>("--resume", "a network to start from");

    /// <summary>What is not taken, and what to write instead.</summary>
    private static readonly Dictionary<string, string> Answers = new(StringComparer.Ordinal)
    {
        ["--outdir"] = "use --out DIR, the run folder itself; the same folder again continues the run",
        ["--freezed"] = "use --freeze-d N",
        ["--freeze_layers"] = "use --freeze-d N",
        ["--batch-gpu"] = "use --set shard=N, the number of images computed together",
        ["--cbase"] = "use --set channel-base=N",
        ["--cmax"] = "use --set channel-max=N",
        ["--glr"] = "use --set lr=X, the learning rate of both networks",
        ["--dlr"] = "use --set lr=X, the learning rate of both networks",
        ["--map-depth"] = "use --set mapping-layers=N",
        ["--mbstd-group"] = "use --set mbstd-group=N",
        ["--subset"] = "make a smaller dataset with `atelier dataset convert --max-images N`",
        ["--desc"] = "name the run folder with --out DIR",
        ["--fp32"] = "leave it out: Atelier computes in float32",
        ["--nhwc"] = "leave it out: Atelier chooses the memory layout",
        ["--allow-tf32"] = "leave it out: TF32 is off, so that runs are reproducible",
        ["--nobench"] = "leave it out: kernels are not chosen by timing, so that runs are reproducible",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _cfg, _gamma, _batch, _snap, _tick, _metrics, _aug, _augpipe, _target, _p, _mirror, _cond, _resume })
            command.Options.Add(option);
    }

    /// <summary>What to write instead of an option of the published trainers; null for another one.</summary>
    public static string? Answer(string option) => Answers.GetValueOrDefault(option.Split('=')[0]);

    /// <summary>The recipe that <c>--cfg</c> names; null for none.</summary>
    /// <exception cref="UserErrorException">It is one that Atelier does not train.</exception>
    public string? Recipe(ParseResult parsed) => parsed.GetValue(_cfg) switch
    {
        { } cfg when cfg.StartsWith("stylegan3", StringComparison.Ordinal) =>
            throw new UserErrorException($"--cfg {cfg}: Atelier trains StyleGAN2, not StyleGAN3; use --cfg stylegan2, or --recipe with one of {string.Join(", ", Recipes.Names)}"),
        var cfg => cfg,
    };

    /// <summary>The network file that <c>--resume</c> names; null for none.</summary>
    /// <exception cref="UserErrorException">It names one of the published networks, which nothing here downloads, or a run.</exception>
    public string? Init(ParseResult parsed)
    {
        if (parsed.GetValue(_resume) is not { } network || network == "noresume")
            return null;
        if (Directory.Exists(network))
            throw new UserErrorException($"--resume {network}: to continue a run, pass its folder as --out; to start a new run from its networks, export them with --all and pass that file as --init");
        if (!File.Exists(network))
            throw new UserErrorException($"--resume {network}: file not found, and Atelier does not download networks; download it yourself, import it (atelier import NETWORK.pkl --all --out NETWORK.safetensors), and pass the result as --init");
        return Path.GetExtension(network).Equals(".safetensors", StringComparison.OrdinalIgnoreCase)
            ? network
            : throw new UserErrorException($"--resume {network}: import it first (atelier import {network} --all --out NETWORK.safetensors), and pass the result as --init");
    }

    /// <summary>The keys that the options stand for.</summary>
    /// <param name="given">Keys of the command line, for the length of a tick.</param>
    public IEnumerable<SpecAssignment> Assignments(ParseResult parsed, IReadOnlyList<SpecAssignment> given)
    {
        if (parsed.GetValue(_gamma) is { } gamma)
            yield return Number("gamma", gamma);
        if (parsed.GetValue(_batch) is { } batch)
            yield return Number("batch", batch);
        if (parsed.GetValue(_tick) is { } tick)
            yield return Number("tick-kimg", tick);
        if (parsed.GetValue(_snap) is { } snap)
        {
            double kimg = parsed.GetValue(_tick) ?? given.LastOrDefault(assignment => assignment.Key.Name == "tick-kimg")?.ApplyTo(new RunSpec()).TickKimg ?? new RunSpec().TickKimg;
            yield return Number("snapshot-kimg", snap * kimg);
            yield return Number("image-kimg", snap * kimg);
        }
        if (parsed.GetValue(_metrics) is { } metrics)
            yield return SpecAssignment.For("metrics", metrics);
        if (parsed.GetValue(_aug) is { } aug)
            yield return SpecAssignment.For("aug", aug == "noaug" ? "none" : aug);
        if (parsed.GetValue(_augpipe) is { } pipe)
            yield return SpecAssignment.For("augpipe", pipe);
        if (parsed.GetValue(_target) is { } target)
            yield return Number("ada-target", target);
        if (parsed.GetValue(_p) is { } p)
            yield return Number("aug-p", p);
        foreach (var (option, key) in new[] { (_mirror, "mirror"), (_cond, "labels") })
        {
            if (parsed.GetResult(option) is { Implicit: false })
                yield return SpecAssignment.For(key, Flag(option.Name, parsed.GetValue(option)));
        }
    }

    /// <summary>Published flags are written <c>--mirror</c>, <c>--mirror=1</c> or <c>--mirror=true</c>.</summary>
    private static string Flag(string option, string? text) => text?.ToLowerInvariant() switch
    {
        null or "" or "1" or "true" or "yes" => "true",
        "0" or "false" or "no" => "false",
        _ => throw new UserErrorException($"{option} cannot be `{text}`; use true or false"),
    };

    private static SpecAssignment Number(string key, double value) => SpecAssignment.For(key, value.ToString(CultureInfo.InvariantCulture));

    private static Option<T> Hidden<T>(string name, string description)
    {
        var option = new Option<T>(name) { Description = $"as in the published trainers: {description}", Hidden = true };
        if (name is "--mirror" or "--cond")
            option.Arity = ArgumentArity.ZeroOrOne;
        return option;
    }
}
