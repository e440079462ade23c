using System.CommandLine;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Exports;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier import</c>: published networks as safetensors.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a published network (.pkl of stylegan2-ada-pytorch or a StyleGAN2 of stylegan3), or a state dict (.pt)" };
        var output = new OutputFile("the file to write (.safetensors)", ".safetensors");
        var all = new Option<bool>("--all") { Description = "every network with its prefix, to start a run from, instead of G_ema alone" };
        var clamp = new Option<double?>("--conv-clamp") { Description = "the network's conv_clamp, where the file does not say it (state dicts)" };
        var command = new Command("import", "Read a published network without executing anything in it") { file, all, clamp };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(clamp) is { } bound && !(bound > 0))
                throw new UserErrorException($"--conv-clamp {bound}: a number above 0 is needed");
            string target = output.Path(parsed);
            var report = PublishedNetworks.Import(parsed.GetValue(file)!, target, parsed.GetValue(all), parsed.GetValue(clamp));
            var config = report.Config;
            Console.WriteLine(
                $"{target}: {string.Join(", ", report.Networks)}, {config.Shape.Width}x{config.Shape.Height}, z {config.LatentSize}, w {config.StyleSize}, "
                + $"{(config.LabelSize == 0 ? "no labels" : $"{config.LabelSize} classes")}, {config.MappingLayers} mapping layers, {(config.ConvClamp is { } known ? $"conv_clamp {known}" : "no conv_clamp")}");
            if (report.Others.Count > 0)
                Console.WriteLine($"left out: {string.Join(", ", report.Others)} (--all writes them too)");
            return ExitCode.Success;
        });
        return command;
    }
}
