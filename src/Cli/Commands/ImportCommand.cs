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
        var file = new Argument<string>("FILE") { Description = "a published network (.pkl from stylegan2-ada-pytorch, or a StyleGAN2 network from stylegan3), or a state dict (.pt)" };
        var output = new OutputFile("the file to write (.safetensors)", ".safetensors");
        var all = new Option<bool>("--all") { Description = "write G, D and G_ema, each with its prefix, to start a run from, instead of only G_ema" };
        var clamp = new Option<double?>("--conv-clamp") { Description = "conv_clamp of the network, if the file does not have it (state dicts)" };
        var command = new Command("import", "Read a published network without executing anything in it") { file, all, clamp };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(clamp) is { } bound && !(bound > 0))
                throw new UserErrorException($"--conv-clamp {bound}: must be above 0");
            string target = output.Path(parsed);
            var report = PublishedNetworks.Import(parsed.GetValue(file)!, target, parsed.GetValue(all), parsed.GetValue(clamp));
            var config = report.Config;
            Console.WriteLine(
                $"{target}: {string.Join(", ", report.Networks)}, {config.Shape.Width}x{config.Shape.Height}, z {config.LatentSize}, w {config.StyleSize}, "
                + $"{(config.LabelSize == 0 ? "no labels" : $"{config.LabelSize} classes")}, {config.MappingLayers} mapping layers, {(config.ConvClamp is { } known ? $"conv_clamp {known}" : "no conv_clamp")}");
            if (report.Others.Count > 0)
                Console.WriteLine($"left out: {string.Join(", ", report.Others)} (pass --all to include them)");
            return ExitCode.Success;
        });
        return command;
    }
}
