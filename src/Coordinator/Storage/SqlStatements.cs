using System.Data.Common;

namespace Atelier.Coordinator.Storage;

/// <summary>Statements with named parameters, the same for either database.</summary>
internal static class SqlStatements
{
    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    public static async Task<int> ExecuteAsync(
        this DbConnection connection, string sql, IReadOnlyList<(string Name, object Value)> parameters, CancellationToken cancellationToken)
    {
        await using var command = connection.Statement(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Runs a statement that returns one row at most.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="read">Reads the row.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What was read; the default without a row.</returns>
    public static async Task<T?> FirstAsync<T>(
        this DbConnection connection, string sql, IReadOnlyList<(string Name, object Value)> parameters, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = connection.Statement(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? read(reader) : default;
    }

    // Every text here is a constant of this folder with the database's clock in it; values are always parameters.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA2100", Justification = "No text comes from outside.")]
    private static DbCommand Statement(this DbConnection connection, string sql, IReadOnlyList<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
