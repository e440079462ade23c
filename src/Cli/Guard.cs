using Atelier.Core;

namespace Atelier.Cli;

/// <summary>Turns exceptions into one line and an exit code: nobody who made a mistake should see a stack trace.</summary>
internal static class Guard
{
    public static int Run(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (UserErrorException e)
        {
            return Say(e.Message, ExitCode.Usage);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk, a folder that may not be written: the message names the path and needs no type beside it.
            return Say(e.Message, ExitCode.Failure);
        }
        catch (DllNotFoundException e)
        {
            return Say($"a native library is missing ({e.Message.Split('\n')[0]}); run ./atelier once to build it, and ./atelier doctor to see what is there", ExitCode.Failure);
        }
#pragma warning disable CA1031 // the last resort: anything unforeseen is reported, not thrown at the user
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (Environment.GetEnvironmentVariable("ATELIER_DEBUG") == "1")
                Console.Error.WriteLine(e);
            return Say($"{e.GetType().Name}: {e.Message}; ATELIER_DEBUG=1 shows the details", ExitCode.Failure);
        }
    }

    private static int Say(string message, int code)
    {
        // One line, whatever made the message: scripts and logs cut at line ends.
        string line = string.Join(' ', message.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Console.Error.WriteLine($"atelier: {line}");
        return code;
    }
}
