using System.CommandLine;
using Atelier.Cli.Cluster;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier train</c>: trains on a dataset; the same command again goes on.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = DatasetCommand.Sources, Required = true };
        var output = new Option<string>("--out") { Description = "the run's folder; an existing run goes on", Required = true };
        var command = new Command("train", "Train on your images; the same command again goes on where it stopped") { data, output };
        var options = new TrainOptions();
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = Path.GetFullPath(parsed.GetValue(data)!);
            return options.Execute(parsed, options.ToRequest(parsed, parsed.GetValue(output)!, path, () => DataPath.Open(path)));
        });
        return command;
    }
}
