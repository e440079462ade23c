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
        var folder = new Argument<string>("folder") { Description = "a run's folder, or a folder with runs in it" };
        var port = new Option<int>("--port") { Description = "the port on this machine, 0 for any free one", DefaultValueFactory = _ => DefaultPort };
        var command = new Command("dashboard", "Show the runs in a folder in the browser; a coordinator has a dashboard of its own at its address") { folder, port };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(port) is not (>= 0 and <= 65535 and var number))
                throw new UserErrorException($"--port {parsed.GetValue(port)}: a number from 0 to 65535 is needed");
            using var stop = new Interruption();
            RunAsync(parsed.GetValue(folder)!, number, stop.Token).GetAwaiter().GetResult();
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task RunAsync(string folder, int port, CancellationToken stop)
    {
        await using var dashboard = await FolderDashboard.StartAsync(folder, port, TimeProvider.System);
        Console.WriteLine($"the dashboard of {folder} is at {dashboard.Address}; Ctrl-C ends it");
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
