using System.CommandLine;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Dashboard;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier dashboard</c>: shows runs' folders in the browser, without a coordinator.</summary>
internal static class DashboardCommand
{
    private const int DefaultPort = 7080;

    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "a run folder, or a folder that contains run folders" };
        var port = new Option<int>("--port") { Description = "port to listen on; 0 for any free one", DefaultValueFactory = _ => DefaultPort };
        var command = new Command("dashboard", "Show the runs in a folder in the browser (a coordinator serves its own dashboard at its address)") { folder, port };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(port) is not (>= 0 and <= 65535 and var number))
                throw new UserErrorException($"--port {parsed.GetValue(port)}: must be from 0 to 65535");
            using var stop = new Interruption();
            RunAsync(parsed.GetValue(folder)!, number, stop.Token).GetAwaiter().GetResult();
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task RunAsync(string folder, int port, CancellationToken stop)
    {
        await using var dashboard = await FolderDashboard.StartAsync(folder, port, TimeProvider.System);
        Console.WriteLine($"dashboard of {folder} at {dashboard.Address}; press Ctrl-C to stop");
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
